{{/* Grafana's settings as its INI file: sections and keys in order, as the chart writes them. */}}
{{- define "grafana.ini" -}}
{{- range $section, $settings := index . "grafana.ini" }}
[{{ $section }}]
{{- range $key, $value := $settings }}
{{ $key }} = {{ $value }}
{{- end }}
{{- end }}
{{ end -}}

{{- define "grafana.provider" -}}
apiVersion: 1
providers:
  - name: 'sidecarProvider'
    orgId: 1
    folder: ''
    folderUid: ''
    type: file
    disableDeletion: false
    allowUiUpdates: false
    updateIntervalSeconds: 30
    options:
      foldersFromFilesStructure: false
      path: /tmp/dashboards
{{- end -}}
