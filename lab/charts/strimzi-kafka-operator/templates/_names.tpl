{{- define "lab.labels" -}}
app: strimzi
# The real chart writes this of every release of its own.
chart: strimzi-kafka-operator-0.1.1
component: {{ .component }}
release: {{ .root.Release.Name }}
heritage: {{ .root.Release.Service }}
{{- end }}
{{- define "lab.image" -}}
{{- $v := .root.Values -}}
{{- $tag := .image.tag | default $v.defaultImageTag -}}
{{- if .kafka }}{{ $tag = printf "%s-kafka-%s" (.image.tagPrefix | default $v.defaultImageTag) .kafka }}{{ end -}}
{{ .image.registry | default $v.defaultImageRegistry }}/{{ .image.repository | default $v.defaultImageRepository }}/{{ .image.name }}:{{ $tag }}
{{- end }}
{{- define "lab.kafkas" -}}
{{- $root := .root }}{{ $image := .image }}
{{- range list "4.2.0" "4.2.1" "4.3.0" "4.3.1" }}
{{ . }}={{ include "lab.image" (dict "root" $root "image" $image "kafka" .) }}
{{- end }}
{{- end }}
