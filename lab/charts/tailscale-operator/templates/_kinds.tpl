{{/* The custom resources: scope, names, the file of the schema (none: open), and the columns of `kubectl get`. */}}
{{- define "tailscale.kinds" -}}
Connector:
  names: { plural: connectors, singular: connector, shortNames: [cn] }
  schema: connector
  columns:
    - { name: SubnetRoutes, type: string, jsonPath: .status.subnetRoutes }
    - { name: IsExitNode, type: string, jsonPath: .status.isExitNode }
    - { name: IsAppConnector, type: string, jsonPath: .status.isAppConnector }
    - { name: Status, type: string, jsonPath: '.status.conditions[?(@.type == "ConnectorReady")].reason' }
DNSConfig:
  names: { plural: dnsconfigs, singular: dnsconfig, shortNames: [dc] }
  schema: dnsconfig
  columns:
    - { name: NameserverIP, type: string, jsonPath: .status.nameserver.ip }
PeerRelay:
  names: { plural: peerrelays, singular: peerrelay, shortNames: [pr] }
  columns:
    - { name: Status, type: string, jsonPath: '.status.conditions[?(@.type == "PeerRelayReady")].reason' }
    - { name: Endpoints, type: string, jsonPath: '.status.endpoints[*].address' }
ProxyClass:
  names: { plural: proxyclasses, singular: proxyclass }
  schema: proxyclass
  columns:
    - { name: Status, type: string, jsonPath: '.status.conditions[?(@.type == "ProxyClassReady")].reason' }
ProxyGroup:
  names: { plural: proxygroups, singular: proxygroup, shortNames: [pg] }
  schema: proxygroup
  columns:
    - { name: Status, type: string, jsonPath: '.status.conditions[?(@.type == "ProxyGroupReady")].reason' }
    - { name: URL, type: string, jsonPath: .status.url }
    - { name: Type, type: string, jsonPath: .spec.type }
ProxyGroupPolicy:
  scope: Namespaced
  names: { plural: proxygrouppolicies, singular: proxygrouppolicy, shortNames: [pgp] }
Recorder:
  names: { plural: recorders, singular: recorder, shortNames: [rec] }
  schema: recorder
  columns:
    - { name: Status, type: string, jsonPath: '.status.conditions[?(@.type == "RecorderReady")].reason' }
    - { name: URL, type: string, jsonPath: '.status.devices[?(@.url != "")].url' }
Tailnet:
  names: { plural: tailnets, singular: tailnet, shortNames: [tn] }
  columns:
    - { name: Status, type: string, jsonPath: '.status.conditions[?(@.type == "TailnetReady")].reason' }
{{- end -}}
