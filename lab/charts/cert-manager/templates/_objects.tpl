{{/* What all objects of the chart have in common. Parameters: root, and the component's `name`, `app`, `component`, `values`. */}}
{{- define "lab.selector" -}}
app.kubernetes.io/name: {{ .app }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end -}}

{{- define "lab.labels" -}}
app: {{ .app }}
{{ include "lab.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.global.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "lab.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "lab.labels" . | nindent 2 }}
{{- end -}}

{{- define "lab.image" -}}
{{- $image := .values.image -}}
{{- $values := .root.Values -}}
{{- default (printf "%s/%s/%s" $values.imageRegistry $values.imageNamespace $image.name) $image.repository -}}
{{- if $image.digest -}}@{{ $image.digest }}{{- else -}}:{{ default .root.Chart.AppVersion $image.tag }}{{- end -}}
{{- end -}}

{{/* Pod of a component: besides the parameters above `args` (lines), `ports` and `probes` (YAML), and `config`, whether it has a file. */}}
{{- define "lab.pod" -}}
{{- $v := .values -}}
metadata:
  labels:
    {{- include "lab.labels" . | nindent 4 }}
    {{- with $v.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if $v.podAnnotations }}
    {{- toYaml $v.podAnnotations | nindent 4 }}
    {{- end }}
    {{- if and .ports .root.Values.prometheus.enabled }}
    prometheus.io/path: "/metrics"
    prometheus.io/scrape: "true"
    prometheus.io/port: "9402"
    {{- end }}
spec:
  serviceAccountName: {{ .name }}
  enableServiceLinks: {{ $v.enableServiceLinks }}
  {{- if .restart }}
  restartPolicy: {{ .restart }}
  {{- end }}
  {{- with .root.Values.global.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  securityContext:
    {{- toYaml $v.securityContext | nindent 4 }}
  containers:
    - name: {{ .container }}
      image: {{ include "lab.image" . | quote }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args:
        {{- .args | nindent 8 }}
        {{- with $v.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .ports }}
      ports:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with .probes }}
      {{- . | nindent 6 }}
      {{- end }}
      securityContext:
        {{- toYaml $v.containerSecurityContext | nindent 8 }}
      env:
        - name: POD_NAMESPACE
          valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
      {{- with $v.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if .config }}
      volumeMounts:
        - { name: config, mountPath: /var/cert-manager/config }
  volumes:
    - name: config
      configMap: { name: {{ .name }} }
      {{- end }}
  {{- range $key := list "nodeSelector" "affinity" "tolerations" "topologySpreadConstraints" }}
  {{- with index $v $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* Deployment, account, service and budget of a component. Besides `service`: its ports (YAML). */}}
{{- define "lab.component" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "lab.metadata" . | nindent 2 }}
automountServiceAccountToken: true
---
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "lab.metadata" . | nindent 2 }}
spec:
  replicas: {{ .values.replicaCount }}
  selector:
    matchLabels:
      {{- include "lab.selector" . | nindent 6 }}
  {{- with .values.strategy }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  template:
    {{- include "lab.pod" . | nindent 4 }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "lab.metadata" . | nindent 2 }}
spec:
  type: ClusterIP
  ports:
    {{- .service | nindent 4 }}
  selector:
    {{- include "lab.selector" . | nindent 4 }}
{{- if .values.podDisruptionBudget.enabled }}
{{- $budget := omit .values.podDisruptionBudget "enabled" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "lab.metadata" . | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "lab.selector" . | nindent 6 }}
  {{- toYaml (empty $budget | ternary (dict "minAvailable" 1) $budget) | nindent 2 }}
{{- end }}
{{- end -}}
