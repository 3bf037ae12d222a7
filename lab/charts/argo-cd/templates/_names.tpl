{{- define "argocd.fullname" -}}
{{- ternary .Release.Name (printf "%s-argocd" .Release.Name) (contains "argocd" .Release.Name) | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What pods are selected by: (dict "top" . "name" NAME). */}}
{{- define "argocd.selector" -}}
app.kubernetes.io/name: argocd-{{ .name }}
app.kubernetes.io/instance: {{ .top.Release.Name }}
{{- end -}}

{{- define "argocd.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .top.Chart.Name .top.Chart.Version }}
{{ include "argocd.selector" . }}
app.kubernetes.io/component: {{ .component | default .name }}
app.kubernetes.io/managed-by: {{ .top.Release.Service }}
app.kubernetes.io/part-of: argocd
app.kubernetes.io/version: {{ .top.Chart.AppVersion | quote }}
{{- end -}}

{{- define "argocd.metadata" -}}
name: {{ include "argocd.fullname" .top }}-{{ .name }}
namespace: {{ .top.Release.Namespace }}
labels:
  {{- include "argocd.labels" . | nindent 2 }}
{{- end -}}

{{/* Where pods of a name are put: Linux, and on hosts of their own where that goes. */}}
{{- define "argocd.placed" -}}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          labelSelector:
            matchLabels: { app.kubernetes.io/name: argocd-{{ .name }} }
          topologyKey: kubernetes.io/hostname
nodeSelector: { kubernetes.io/os: linux }
{{- end -}}

{{- define "argocd.security" -}}
allowPrivilegeEscalation: false
capabilities: { drop: [ALL] }
readOnlyRootFilesystem: true
runAsNonRoot: true
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "argocd.image" -}}
image: quay.io/argoproj/argocd:{{ .Chart.AppVersion }}
imagePullPolicy: IfNotPresent
{{- end -}}

{{- define "argocd.probe" -}}
httpGet: { path: {{ .path | quote }}, port: {{ .port }} }
initialDelaySeconds: 10
periodSeconds: 10
timeoutSeconds: 1
successThreshold: 1
failureThreshold: 3
{{- end -}}

{{/* Variables of a program, from files/environment.yaml, and the way to Redis. */}}
{{- define "argocd.environment" -}}
{{- range $name, $from := index (.top.Files.Get "files/environment.yaml" | fromYaml) .name }}
{{- $parts := splitList ":" $from }}
- name: {{ $name }}
  valueFrom:
    configMapKeyRef: { name: {{ ternary (first $parts) "argocd-cmd-params-cm" (eq (len $parts) 2) }}, key: {{ last $parts }}, optional: true }
{{- end }}
{{- if ne .name "applicationset-controller" }}
{{- range $name, $key := dict "REDIS_USERNAME" "redis-username" "REDIS_PASSWORD" "auth" "REDIS_SENTINEL_USERNAME" "redis-sentinel-username" "REDIS_SENTINEL_PASSWORD" "redis-sentinel-password" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: { name: argocd-redis, key: {{ $key }}, optional: {{ ne $key "auth" }} }
{{- end }}
{{- end }}
{{- end -}}

{{/* The certificate that a reader may be given, and nobody gives it here. */}}
{{- define "argocd.readerTLS" -}}
- name: argocd-repo-server-tls
  secret:
    secretName: argocd-repo-server-tls
    optional: true
    items:
      - { key: tls.crt, path: tls.crt }
      - { key: tls.key, path: tls.key }
      - { key: ca.crt, path: ca.crt }
{{- end -}}

{{- define "argocd.parameters" -}}
- name: argocd-cmd-params-cm
  configMap:
    name: argocd-cmd-params-cm
    optional: true
    items: [{ key: {{ . }}.profile.enabled, path: profiler.enabled }]
{{- end -}}

{{/* Settings that pods are started anew for. */}}
{{- define "argocd.checksums" -}}
checksum/cm: {{ include "argocd.cm" . | sha256sum }}
checksum/cmd-params: {{ include "argocd.params" . | sha256sum }}
{{- end -}}
