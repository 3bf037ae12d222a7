{{- define "cilium.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* An image reference from a map with repository, tag, digest and useDigest, or an override. */}}
{{- define "cilium.image" -}}
{{- if .override -}}
{{- .override -}}
{{- else if and .useDigest .digest -}}
{{- printf "%s:%s@%s" .repository .tag .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository .tag -}}
{{- end -}}
{{- end -}}

{{/* The operator's image: the repository gets the name of its flavour. */}}
{{- define "cilium.operator.image" -}}
{{- $image := .Values.operator.image -}}
{{- $parts := dict "override" $image.override "repository" (printf "%s-generic%s" $image.repository $image.suffix) "tag" $image.tag "digest" $image.genericDigest "useDigest" $image.useDigest -}}
{{- include "cilium.image" $parts -}}
{{- end -}}

{{/* Where pods that run before the service network reach the API. */}}
{{- define "cilium.api.env" -}}
{{- if .Values.k8sServiceHost }}
- name: KUBERNETES_SERVICE_HOST
  value: {{ .Values.k8sServiceHost | quote }}
{{- end }}
{{- if .Values.k8sServicePort }}
- name: KUBERNETES_SERVICE_PORT
  value: {{ .Values.k8sServicePort | quote }}
{{- end }}
{{- end -}}

{{- define "cilium.node.env" -}}
- name: K8S_NODE_NAME
  valueFrom:
    fieldRef:
      apiVersion: v1
      fieldPath: spec.nodeName
- name: CILIUM_K8S_NAMESPACE
  valueFrom:
    fieldRef:
      apiVersion: v1
      fieldPath: metadata.namespace
{{- end -}}

{{- define "cilium.envoy.enabled" -}}
{{- if and .Values.l7Proxy (kindIs "bool" .Values.envoy.enabled | ternary .Values.envoy.enabled true) -}}true{{- end -}}
{{- end -}}

{{/* One certificate authority for all certificates of a render: the one in the cluster, if any. */}}
{{- define "cilium.ca" -}}
{{- if not .ciliumCA -}}
{{- $found := lookup "v1" "Secret" (include "cilium.namespace" .) "cilium-ca" -}}
{{- $given := .Values.tls.ca -}}
{{- if and $given.cert $given.key -}}
{{- $_ := set . "ciliumCA" (buildCustomCert $given.cert $given.key) -}}
{{- else if and $found (index (default dict $found.data) "ca.crt") -}}
{{- $_ := set . "ciliumCA" (buildCustomCert (index $found.data "ca.crt") (index $found.data "ca.key")) -}}
{{- else -}}
{{- $_ := set . "ciliumCA" (genCA "Cilium CA" (int $given.certValidityDuration)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
