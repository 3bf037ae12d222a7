{{/* The release's name, with the chart's where it does not contain that. */}}
{{- define "gateway.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}{{ .Release.Name }}
{{- else }}{{ printf "%s-%s" .Release.Name $name }}
{{- end -}}
{{- end -}}

{{- define "gateway.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gateway.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{ include "gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "gateway.image" -}}
{{- $own := .Values.deployment.envoyGateway.image -}}
{{- if $own.repository }}{{ printf "%s:%s" $own.repository (default .Chart.AppVersion $own.tag) }}
{{- else }}{{ .Values.global.images.envoyGateway.image }}
{{- end -}}
{{- end -}}

{{- define "gateway.pullPolicy" -}}
{{- coalesce .Values.global.images.envoyGateway.pullPolicy .Values.deployment.envoyGateway.imagePullPolicy "IfNotPresent" -}}
{{- end -}}

{{/* Environment of the program in both of its pods. */}}
{{- define "gateway.environment" -}}
- name: ENVOY_GATEWAY_NAMESPACE
  valueFrom: { fieldRef: { apiVersion: v1, fieldPath: metadata.namespace } }
- name: KUBERNETES_CLUSTER_DOMAIN
  value: {{ .Values.kubernetesClusterDomain }}
{{- end -}}
