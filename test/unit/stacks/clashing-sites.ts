/** Pairs of sites of which each is sound by itself, and both together are not: home and the cabin, each with changes. */
import { keepingCabin, savingHome } from "./keeping-sites.ts";
import type { Changes } from "./sample.ts";

export interface Pair {
  readonly home?: Changes;
  readonly cabin?: Changes;
  /** The keys that the message names, without `homelab:`. */
  readonly keys: { readonly cabin: string; readonly home: string };
  readonly says: RegExp;
}

/** The cabin without anything that has a name in its domain. */
const nameless = { apps: undefined, "gateway.routes": undefined };

/** The cabin under the domain of home. */
export const ofHomesDomain = { ...nameless, "site.domain": "home.arpa" };

/** The cabin as a further site on home's Proxmox, in home's VLAN, and in no tailnet. */
const nextDoor = {
  ...{ tailnet: undefined, "site.vlan": undefined, "site.lan": "192.168.1.0/24" },
  ...{ "proxmox.endpoint": "https://192.168.1.11:8006", "proxmox.pool": "cabin" },
  "cluster.vip": "192.168.1.220",
  "machines[0].address": "192.168.1.221",
  "network.loadBalancers": { start: "192.168.1.230", stop: "192.168.1.239" },
};

/** The cabin behind home's router, and in no tailnet. */
const peering = {
  ...{ ...nextDoor, "network.l2": undefined, "network.loadBalancers": "10.97.0.0/16" },
  "network.bgp": { localAsn: 64_520, routerAsn: 64_513, routerAddress: "10.0.0.1" },
};

const edge = {
  "versions.cloudflared": "2026.8.2",
  edge: {
    accountId: "0123456789abcdef0123456789abcdef",
    zone: "example.net",
    zoneId: "fedcba9876543210fedcba9876543210",
    apiToken: "op://Homelab/Cloudflare/api-token",
  },
};
const typeo = {
  ...{ image: "quay.io/rajsinghcpre/typeo", version: "v0.0.4" },
  withoutAccess: "a game that the second site shows to everybody",
};

const store = {
  ...{ endpoint: "https://NAS.home.arpa:9000/", bucket: "etcd-snapshots" },
  ...{ accessKey: "op://Homelab/NAS/access-key", secretKey: "op://Homelab/NAS/secret-key" },
};

const saved = (where: object) => ({
  s3: { ...store, bucket: "volumes", ...where },
  password: "op://Homelab/Backup/password",
});

const monitoring = {
  grafanaPassword: "op://Homelab/Grafana/password",
  heartbeat: { host: "hc-ping.com", url: "op://Homelab/Heartbeat/url" },
};
const monitored = {
  ...{ monitoring, "versions.kubePrometheusStack": "88.5.3" },
  "versions.prometheusOperatorCrds": "31.0.1",
};

const monitoredWithout = {
  ...monitored,
  monitoring: { grafanaPassword: monitoring.grafanaPassword },
};
const gatewayOfHome = { ip: "100.101.102.103", ports: [80] };

const host = (memoryGiB: number) => ({ name: "stone", address: "192.168.1.11", memoryGiB });

export const clashingSites: Readonly<Record<string, Pair>> = {
  "one LAN in two places of a tailnet": {
    home: { "site.lan": "192.168.0.0/16", "tailnet.policy.sites": {} },
    keys: { cabin: "site.lan", home: "site.lan" },
    says: /192\.168\.2\.0\/24 and 192\.168\.0\.0\/16 overlap; the tailnet would send one site's/,
  },
  "pods where the other site has services": {
    home: { "network.services": "10.52.0.0/20", "tailnet.policy.sites": {} },
    keys: { cabin: "network.pods", home: "network.services" },
    says: /Give one of them another network/,
  },
  "a route of a Connector into the other site": {
    home: { "tailnet.policy.sites": {} },
    cabin: { "tailnet.connector.routes": ["192.168.1.0/28", "192.168.2.0/24"] },
    keys: { cabin: "tailnet.connector.routes[0]", home: "site.lan" },
    says: /192\.168\.1\.0\/28 and 192\.168\.1\.0\/24 overlap/,
  },
  "two clusters with the same pods at one router": {
    cabin: { ...peering, "network.pods": "10.42.0.0/16" },
    keys: { cabin: "network.pods", home: "network.pods" },
    says: /both have 10\.42\.0\.0\/16; their router would send/,
  },
  "one AS number for two clusters at one router": {
    cabin: { ...peering, "network.bgp.localAsn": 64_512 },
    keys: { cabin: "network.bgp.localAsn", home: "network.bgp.localAsn" },
    says: /both clusters call themselves AS 64512 at the router 10\.0\.0\.1/,
  },
  "two AS numbers for one router": {
    cabin: { ...peering, "network.bgp.routerAsn": 64_514 },
    keys: { cabin: "network.bgp.routerAsn", home: "network.bgp.routerAsn" },
    says: /has one AS number, and the files say 64514 and 64513/,
  },
  "two AS numbers for one of several routers": {
    cabin: {
      ...peering,
      "network.bgp": {
        localAsn: 64_520,
        peers: [
          { address: "10.0.0.9", asn: 64_513 },
          { address: "10.0.0.1", asn: 64_514 },
        ],
      },
    },
    keys: { cabin: "network.bgp.peers[1].asn", home: "network.bgp.routerAsn" },
    says: /Write its own in both/,
  },
  "one address for two machines of a LAN": {
    cabin: { ...nextDoor, "machines[0].address": "192.168.1.22" },
    keys: { cabin: "machines[0].address", home: "machines[1].address" },
    says: /both have 192\.168\.1\.22 on one LAN/,
  },
  "one address for two control planes": {
    cabin: { ...nextDoor, "cluster.vip": "192.168.1.20" },
    keys: { cabin: "cluster.vip", home: "cluster.vip" },
    says: /both have 192\.168\.1\.20 on one LAN/,
  },
  "load balancers at the other site's machines": {
    cabin: {
      ...nextDoor,
      "network.loadBalancers": { start: "192.168.1.24", stop: "192.168.1.29" },
    },
    keys: { cabin: "network.loadBalancers", home: "machines[3].address" },
    says: /192\.168\.1\.24 to 192\.168\.1\.29 and 192\.168\.1\.24 on one LAN/,
  },
  "two LANs in one VLAN": {
    cabin: {
      ...{ tailnet: undefined, "site.vlan": undefined, "proxmox.pool": "cabin" },
      "proxmox.endpoint": "https://192.168.1.11:8006",
    },
    keys: { cabin: "site.vlan", home: "site.vlan" },
    says: /192\.168\.2\.0\/24 and 192\.168\.1\.0\/24 share vmbr0 with no VLAN/,
  },
  "one LAN in two VLANs": {
    cabin: { ...nextDoor, "site.vlan": 20 },
    keys: { cabin: "site.lan", home: "site.lan" },
    says: /with VLAN 20 and 192\.168\.1\.0\/24 with no VLAN overlap at vmbr0/,
  },
  "one VM id on one Proxmox cluster": {
    cabin: { ...nextDoor, "machines[0].vmId": 123 },
    keys: { cabin: "machines[0].vmId", home: "machines[2].vmId" },
    says: /both have the VM id 123; an id is there once/,
  },
  "one VM id on a cluster that is asked by two addresses": {
    cabin: {
      ...nextDoor,
      ...{ "proxmox.endpoint": "https://pve.home.arpa:8006", "proxmox.hosts": [host(64)] },
      ...{ "machines[0].host": "stone", "machines[0].vmId": 121, "machines[0].memoryGiB": 4 },
      ...{ ...nameless, storage: { enabled: false }, buckets: undefined },
      ...{ "machines[0].name": "hut" },
    },
    home: { "machines[0].memoryGiB": 32 },
    keys: { cabin: "machines[0].vmId", home: "machines[0].vmId" },
    says: /Choose another$/,
  },
  "one MAC address on one Proxmox cluster": {
    home: { "machines[1].mac": "bc:24:11:00:00:01" },
    cabin: { ...nextDoor, "machines[0].mac": "BC:24:11:00:00:01" },
    keys: { cabin: "machines[0].mac", home: "machines[1].mac" },
    says: /both have the MAC address BC:24:11:00:00:01/,
  },
  "one pool on one Proxmox cluster": {
    cabin: { ...nextDoor, "proxmox.pool": undefined },
    keys: { cabin: "proxmox.pool", home: "proxmox.pool" },
    says: /both have the pool homelab; each stack makes its own/,
  },
  "one name for two mappings of one Proxmox cluster": {
    home: {
      "proxmox.usbMappings": [{ name: "radio", devices: [{ host: "stone", id: "10c4:ea60" }] }],
    },
    cabin: {
      ...nextDoor,
      "proxmox.usbMappings": [{ name: "radio", devices: [{ host: "hut", id: "10c4:ea60" }] }],
    },
    keys: { cabin: "proxmox.usbMappings[0].name", home: "proxmox.usbMappings[0].name" },
    says: /both have the USB mapping radio/,
  },
  "more memory than a host of both has": {
    cabin: {
      ...nextDoor,
      ...{ "proxmox.hosts": [host(64)], "machines[0].host": "stone", "machines[0].name": "hut" },
    },
    keys: { cabin: "proxmox.hosts[0]", home: "proxmox.hosts[0]" },
    says: /ask stone for 48 and 48 GiB, and 57 are left of 64/,
  },
  "one name for two machines in a tailnet": {
    cabin: { "machines[0].name": "proxmox-stone" },
    keys: { cabin: "machines[0].name", home: "machines[0].name" },
    says: /both have the name proxmox-stone in the tailnet; .* with -1 behind it/,
  },
  "one name for two Connectors": {
    cabin: { "tailnet.connector.name": "robbinsdale-connector-0" },
    keys: { cabin: "tailnet.connector.name", home: "tailnet.connector.name" },
    says: /both have the name robbinsdale-connector-0 in the tailnet/,
  },
  "a Connector with the name of the other site's operator": {
    cabin: { "tailnet.connector.name": "home-operator" },
    keys: { cabin: "tailnet.connector.name", home: "tailnet" },
    says: /home-operator/,
  },
  "one domain for two sites of a tailnet": {
    cabin: ofHomesDomain,
    keys: { cabin: "site.domain", home: "site.domain" },
    says: /both have the domain home\.arpa; the tailnet asks the nameservers of one site/,
  },
  "a name in the other site's domain": {
    home: { "names.entries": { "stove.cabin.home.arpa": { address: "192.168.1.6" } } },
    keys: { cabin: "site.domain", home: "names.entries.stove.cabin.home.arpa" },
    says: /stove\.cabin\.home\.arpa lies in cabin\.home\.arpa/,
  },
  "two owners of a tailnet's policy": {
    cabin: {
      people: { admins: ["admin@example.net"] },
      "tailnet.policy": { sites: { home: { routes: ["10.43.0.0/16"] } } },
    },
    keys: { cabin: "tailnet.policy", home: "tailnet.policy" },
    says: /each would write over the other's; keep it in one file/,
  },
  "a policy that does not know the other site": {
    home: { "tailnet.policy.sites": {} },
    keys: { cabin: "tailnet", home: "tailnet.policy.sites.cabin" },
    says: /does not know the site; write cabin: \{ routes: \[10\.53\.0\.0\/16, 10\.52\.0\.0\/16, 192\.168\.2\.0\/24\] \}/,
  },
  "a policy that lacks a network of the other site": {
    home: { "tailnet.policy.sites.cabin.routes": ["10.52.0.0/16", "192.168.2.0/24"] },
    keys: { cabin: "tailnet", home: "tailnet.policy.sites.cabin" },
    says: /does not approve 10\.53\.0\.0\/16 of tag:cabin-connector; write cabin: /,
  },
  "a policy that approves a network which the other site has no more": {
    cabin: { "network.exposeServices": false },
    keys: { cabin: "tailnet.connector.routes", home: "tailnet.policy.sites.cabin.routes[0]" },
    says: /10\.53\.0\.0\/16 is approved, and the Connector leads to 10\.52\.0\.0\/16, 192\.168\.2\.0\/24/,
  },
  "a policy that approves an exit node which is not offered": {
    cabin: { "tailnet.connector.exitNode": false },
    keys: { cabin: "tailnet.connector.exitNode", home: "tailnet.policy.sites.cabin.exitNode" },
    says: /write exitNode: false/,
  },
  "a policy without the other site's exit node": {
    home: { "tailnet.policy.sites.cabin.exitNode": false },
    keys: { cabin: "tailnet", home: "tailnet.policy.sites.cabin" },
    says: /autoApprovers\.exitNode lacks tag:cabin-connector/,
  },
  "a policy without the other site's Services": {
    cabin: { "tailnet.https": true, "tailnet.proxies": { apiServer: {} } },
    keys: { cabin: "tailnet", home: "tailnet.policy.sites.cabin" },
    says: /does not approve Services .*services: true/,
  },
  "a policy that approves Services which are not published": {
    home: { "tailnet.policy.sites.cabin.services": true },
    keys: { cabin: "tailnet.proxies", home: "tailnet.policy.sites.cabin.services" },
    says: /Services of Tailscale's are approved/,
  },
  "a policy that lets a nameserver be asked which nobody asks": {
    home: { "tailnet.policy.sites.cabin.nameservers": ["192.168.2.53"] },
    keys: { cabin: "tailnet.splitDns", home: "tailnet.policy.sites.cabin.nameservers[0]" },
    says: /the tailnet asks 192\.168\.2\.1 for the site's domain/,
  },
  "a policy without the way of the other site's pods": {
    cabin: { "tailnet.egress": { nas: { ip: "100.101.102.103", ports: [445] } } },
    keys: { cabin: "tailnet.egress", home: "tailnet.policy.grants" },
    says: /reach 100\.101\.102\.103 at tcp:445; add \{"src":\["tag:cabin-connector"\]/,
  },
  "a policy for a site that is in no tailnet": {
    cabin: { tailnet: undefined },
    keys: { cabin: "tailnet", home: "tailnet.policy.sites.cabin" },
    says: /not in this tailnet; remove the entry/,
  },
  "a policy for a site that is in another tailnet": {
    home: { "tailnet.tailnet": "home.example.net" },
    cabin: { "tailnet.tailnet": "cabin.example.net" },
    keys: { cabin: "tailnet", home: "tailnet.policy.sites.cabin" },
    says: /or add the site to the tailnet/,
  },
  "one public name for two sites": {
    cabin: { ...edge, "apps.typeo": { ...typeo, hostname: "typeo.example.net" } },
    keys: { cabin: "apps.typeo.hostname", home: "apps.typeo.hostname" },
    says: /both have the DNS record typeo\.example\.net in fedcba/,
  },
  "one folder for the snapshots of two clusters": {
    cabin: { "cluster.snapshots.s3": { ...store, folder: "home" } },
    keys: { cabin: "cluster.snapshots.s3.folder", home: "cluster.snapshots.s3.bucket" },
    says: /https:\/\/nas\.home\.arpa:9000\/etcd-snapshots\/home; each deletes/,
  },
  "one folder for the volumes of two sites": {
    home: { backup: saved({}) },
    cabin: { backup: saved({ folder: "volumes-home/cabin" }) },
    keys: { cabin: "backup.s3.folder", home: "backup.s3.bucket" },
    says: /\/volumes-home\/cabin and .*\/volumes\/volumes-home overlap/,
  },
  "volumes in the folder of the other site's snapshots": {
    home: { "cluster.snapshots.s3.folder": "all" },
    cabin: { backup: saved({ bucket: "etcd-snapshots", folder: "all" }) },
    keys: { cabin: "backup.s3.folder", home: "cluster.snapshots.s3.folder" },
    says: /both have https:\/\/nas\.home\.arpa:9000\/etcd-snapshots\/all/,
  },
  "a folder of snapshots inside of the other site's": {
    home: { "cluster.snapshots.s3.folder": "sites" },
    cabin: { "cluster.snapshots.s3": { ...store, folder: "sites/cabin" } },
    keys: { cabin: "cluster.snapshots.s3.folder", home: "cluster.snapshots.s3.folder" },
    says: /overlap; each deletes/,
  },
  "metrics that nobody takes": {
    home: monitoredWithout,
    cabin: {
      ...monitoredWithout,
      "monitoring.sends": ["home"],
      "tailnet.egress": { home: gatewayOfHome },
    },
    keys: { cabin: "monitoring.sends", home: "monitoring.receives" },
    says: /metrics are sent that nobody takes; write receives: \[cabin\] there/,
  },
  "metrics that nobody sends": {
    home: {
      ...monitoredWithout,
      ...{ "monitoring.receives": ["cabin"], "gateway.internal.enabled": true },
    },
    keys: { cabin: "monitoring.sends", home: "monitoring.receives" },
    says: /waited for that nobody sends.*write sends: \[home\] there/,
  },
  "metrics that the tailnet's policy does not let through": {
    home: {
      ...monitoredWithout,
      ...{ "monitoring.receives": ["cabin"], "gateway.internal.enabled": true },
    },
    cabin: {
      ...monitoredWithout,
      "monitoring.sends": ["home"],
      "tailnet.egress": { home: gatewayOfHome },
    },
    keys: { cabin: "tailnet.egress", home: "tailnet.policy.grants" },
    says: /reach 100\.101\.102\.103 at tcp:80; add \{/,
  },
  "metrics for an address at which nobody takes them": {
    home: {
      ...monitoredWithout,
      ...{ "monitoring.receives": ["cabin"], "gateway.internal.enabled": true },
      "gateway.internal.address": "100.101.102.104",
    },
    cabin: {
      ...monitoredWithout,
      ...{ "monitoring.sends": ["home"], "tailnet.egress": { home: gatewayOfHome } },
    },
    keys: { cabin: "tailnet.egress.home.ip", home: "gateway.internal.address" },
    says: /the gateway that takes them is 100\.101\.102\.104; write 100\.101\.102\.104/,
  },
  "backups for an address at which nobody takes them": {
    home: savingHome,
    cabin: { ...keepingCabin, "gateway.internal.address": "100.101.102.105" },
    keys: { cabin: "gateway.internal.address", home: "tailnet.egress.cabin.ip" },
    says: /led to 100\.101\.102\.104, and the gateway .* is 100\.101\.102\.105; write 100\.101\.102\.105/,
  },
  "backups for a site without a gateway for the tailnet": {
    home: savingHome,
    cabin: { ...keepingCabin, "gateway.internal": {}, "gateway.routes": {} },
    keys: { cabin: "gateway.internal.address", home: "tailnet.egress.cabin.ip" },
    says: /no address of a gateway.*set homelab:gateway\.internal\.enabled there/,
  },
  "backups at a name that nobody answers for in the tailnet": {
    home: savingHome,
    cabin: { ...keepingCabin, "gateway.routes.s3.gateway": "lan" },
    keys: { cabin: "gateway.routes", home: "backup.s3.endpoint" },
    says: /nothing answers for s3\.cabin\.home\.arpa by https .*add a route there with gateway: internal and hostnames: \[s3\.cabin/,
  },
  "backups in the clear where a name is answered by HTTPS alone": {
    home: { ...savingHome, "backup.s3.endpoint": "http://s3.cabin.home.arpa" },
    cabin: keepingCabin,
    keys: { cabin: "gateway.routes", home: "backup.s3.endpoint" },
    says: /by http .*gateway: internal, listener: http and hostnames/,
  },
  "backups in a bucket that the other site has not": {
    home: { ...savingHome, "backup.s3.bucket": "volumes" },
    cabin: keepingCabin,
    keys: { cabin: "buckets.volumes", home: "backup.s3.bucket" },
    says: /is the class ceph-bucket, which has no bucket volumes; add it there/,
  },
  "backups at a name that the object gateway takes for a bucket's": {
    home: savingHome,
    cabin: {
      ...keepingCabin,
      "storage.classes.ceph-bucket.hostnames": ["objects.cabin.home.arpa"],
    },
    keys: { cabin: "storage.classes.ceph-bucket.hostnames", home: "backup.s3.endpoint" },
    says: /takes s3\.cabin\.home\.arpa for a bucket's name; add it there/,
  },
  "backups in a bucket whose objects go by their age": {
    home: savingHome,
    cabin: { ...keepingCabin, "buckets.volumes-home.expireDays": 30 },
    keys: { cabin: "buckets.volumes-home", home: "backup.s3.bucket" },
    says: /go there by their age.*remove expireDays and expire there/,
  },
  "backups that come back as copies": {
    home: savingHome,
    cabin: {
      ...keepingCabin,
      dns: {},
      "tailnet.egress": { home: { ...gatewayOfHome, hostnames: ["s3.home.arpa"] } },
      backup: saved({ endpoint: "http://s3.home.arpa" }),
      "buckets.volumes-home.backup": {},
    },
    keys: { cabin: "buckets.volumes-home", home: "backup.s3.bucket" },
    says: /copied back to the site that it is of.*remove backup there/,
  },
  "one watch outside for two sites": {
    home: monitored,
    cabin: monitored,
    keys: { cabin: "monitoring.heartbeat.url", home: "monitoring.heartbeat.url" },
    says: /both have the heartbeat op:\/\/Homelab\/Heartbeat\/url; one site's silence/,
  },
};
