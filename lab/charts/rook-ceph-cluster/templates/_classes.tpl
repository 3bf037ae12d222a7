{{/* Namespace of the operator, with which the drivers' names begin. */}}
{{- define "rook.prefix" -}}
{{ .Values.csiDriverNamePrefix | default .Values.operatorNamespace }}
{{- end -}}

{{/* A StorageClass. As in the real chart, `allowVolumeExpansion: false` is taken for the default, which is true. */}}
{{- define "rook.storageClass" }}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: {{ .class.name }}
  annotations:
    storageclass.kubernetes.io/is-default-class: {{ .class.isDefault | ternary "true" "false" | quote }}
provisioner: {{ .provisioner }}
parameters: {{- toYaml .parameters | nindent 2 }}
reclaimPolicy: {{ .class.reclaimPolicy | default "Delete" }}
allowVolumeExpansion: {{ .class.allowVolumeExpansion | default "true" }}
volumeBindingMode: {{ .class.volumeBindingMode | default "Immediate" }}
{{- with .class.mountOptions }}
mountOptions: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
