import type { RefusedSites } from "./index.ts";

/** Another site's gateway, as a host of the tailnet with a name of that site. */
const cabin = { ip: "100.101.102.104", ports: [443], hostnames: ["s3.cabin.home.arpa"] };

/** The tailnet, its connector and its policy. */
export const tailnet: RefusedSites = {
  "a tailnet without its client": {
    edit: { "tailnet.oauth": undefined },
    at: "homelab:tailnet.oauth",
    says: /is missing/,
  },
  "the client's id in place of its secret": {
    edit: { "tailnet.oauth.clientSecret": "op://Homelab/Tailscale/client-id" },
    at: "homelab:tailnet.oauth.clientSecret",
    says: /refer to the client's secret/,
  },
  "a route of tailnet addresses": {
    edit: { "tailnet.connector.routes": ["100.64.3.0/24", "192.168.1.0/24"] },
    at: "homelab:tailnet.connector.routes[0]",
    says: /100\.64\.0\.0\/10.*leave it out/,
  },
  "a default route": {
    edit: { "tailnet.connector.routes": ["192.168.1.0/24", "0.0.0.0/0"] },
    at: "homelab:tailnet.connector.routes[1]",
    says: /exit node's route; set `exitNode: true` instead/,
  },
  "a route with host bits": {
    edit: { "tailnet.connector.routes": ["192.168.1.9/24"] },
    at: "homelab:tailnet.connector.routes[0]",
    says: /use 192\.168\.1\.0\/24$/,
  },
  "one route inside another": {
    edit: {
      "tailnet.connector.routes": ["192.168.0.0/20", "192.168.1.0/24"],
      "tailnet.policy.sites": {},
    },
    at: "homelab:tailnet.connector.routes[1]",
    says: /overlaps 192\.168\.0\.0\/20 of the same list; keep one/,
  },
  "a connector called like a machine": {
    edit: { "tailnet.connector": { name: "proxmox-tank", replicas: 1 } },
    at: "homelab:tailnet.connector.name",
    says: /is also homelab:machines\[1\].*choose another/,
  },
  "a connector whose second device is called like a machine": {
    edit: { "tailnet.connector.name": "rack-0", "machines[3].name": "rack-1" },
    at: "homelab:tailnet.connector.name",
    says: /rack-1 is also homelab:machines\[3\]/,
  },
  "a connector's devices whose names get too long": {
    edit: { "tailnet.connector.name": "c".repeat(62), "tailnet.connector.replicas": 2 },
    at: "homelab:tailnet.connector.name",
    says: /c-0 has more than 63 characters/,
  },
  "more devices of a connector than hosts": {
    edit: { "tailnet.connector.replicas": 5 },
    at: "homelab:tailnet.connector.replicas",
    says: /5 devices need as many hosts, and pods run on 4; use at most 4/,
  },
  "a connector's name that is no label": {
    edit: { "tailnet.connector.name": "Connector_0" },
    at: "homelab:tailnet.connector.name",
    says: /RFC 1123/,
  },
  "split DNS that nobody away can reach": {
    edit: { "tailnet.splitDns": ["10.9.9.9"] },
    at: "homelab:tailnet.splitDns[0]",
    says: /10\.9\.9\.9 .*add its network to connector\.routes/,
  },
  "a gateway that answers DNS out of reach": {
    edit: { "tailnet.connector.routes": ["10.43.0.0/16"] },
    at: "homelab:tailnet.connector.routes",
    says: /192\.168\.1\.1 .*name another in splitDns/,
  },
  "an owner of the program's own tag": {
    edit: { "tailnet.policy.tagOwners": { "tag:cabin-node": ["autogroup:admin"] } },
    at: "homelab:tailnet.policy.tagOwners.tag:cabin-node",
    says: /tag of the program's own/,
  },
  "a tag's owner that is no group": {
    edit: { "tailnet.policy.tagOwners": { "tag:k8s": ["group:friends"] } },
    at: "homelab:tailnet.policy.tagOwners.tag:k8s",
    says: /group:friends is no group of homelab:people/,
  },
  "a synced group inside a group": {
    edit: { "people.admins": ["group:team@example.net"] },
    at: "homelab:people.admins[0]",
    says: /a synced group stands in grants by itself/,
  },
  "a grant to a group that is not there": {
    edit: { "tailnet.policy.grants": [{ src: ["group:friends"], dst: ["*"], ip: ["*"] }] },
    at: "homelab:tailnet.policy.grants[0]",
    says: /group:friends is no group of homelab:people; .*use one of group:admins, group:family/,
  },
  "a test of a group that is not there": {
    edit: { "tailnet.policy.tests": [{ src: "group:friends", accept: ["10.43.0.1:443"] }] },
    at: "homelab:tailnet.policy.tests[0]",
    says: /group:friends is no group/,
  },
  "the stack's own site among the others": {
    edit: { "tailnet.policy.sites": { home: { routes: ["10.77.0.0/16"] } } },
    at: "homelab:tailnet.policy.sites.home",
    says: /list the other stacks only/,
  },
  "another site with this one's network": {
    edit: { "tailnet.policy.sites": { cabin: { routes: ["10.42.8.0/24"] } } },
    at: "homelab:tailnet.policy.sites.cabin.routes[0]",
    says: /overlaps 10\.42\.0\.0\/16.*give each site networks of its own/,
  },
  "two other sites with one network": {
    edit: { "tailnet.policy.sites.shed": { routes: ["10.52.0.0/20"] } },
    at: "homelab:tailnet.policy.sites.shed.routes[0]",
    says: /sites\.cabin\.routes; .*networks of its own/,
  },
  "another site with a default route": {
    edit: { "tailnet.policy.sites": { cabin: { routes: ["0.0.0.0/0"] } } },
    at: "homelab:tailnet.policy.sites.cabin.routes[0]",
    says: /set the site's `exitNode: true`/,
  },
  "an adopted policy without its checksum": {
    edit: { "tailnet.policy.adopt": "yes" },
    at: "homelab:tailnet.policy.adopt",
    says: /64 hex digits/,
  },
  "more proxies of a group than hosts": {
    edit: { "tailnet.proxies": { ingress: { replicas: 5 } } },
    at: "homelab:tailnet.proxies.ingress.replicas",
    says: /5 devices need as many hosts, and pods run on 4; use at most 4/,
  },
  "a quantity that Kubernetes does not know": {
    edit: { "tailnet.proxies": { memory: "64MB" } },
    at: "homelab:tailnet.proxies.memory",
    says: /use Mi or Gi, such as 64Mi/,
  },
  "metrics of proxies that nobody asks for": {
    edit: { "tailnet.proxies": { metrics: true }, monitoring: undefined },
    at: "homelab:tailnet.proxies.metrics",
    says: /no Prometheus.*add homelab:monitoring/,
  },
  "proxies of the API servers without certificates": {
    edit: { "tailnet.proxies": { apiServer: {} } },
    at: "homelab:tailnet.proxies.apiServer",
    says: /never become ready; set homelab:tailnet\.https: true/,
  },
  "proxies of the API servers called like the operator": {
    edit: {
      "tailnet.https": true,
      "tailnet.proxies": { apiServer: { hostname: "home-operator" } },
    },
    at: "homelab:tailnet.proxies.apiServer.hostname",
    says: /is the name of a device of the site's; choose another/,
  },
  "a machine called like a proxy": {
    edit: { "tailnet.proxies": { egress: {} }, "machines[3].name": "home-egress-1" },
    at: "homelab:tailnet.proxies.egress",
    says: /home-egress-1 has the name of a machine/,
  },
  "a connector called like a class of proxies": {
    edit: { "tailnet.connector": { name: "proxies", replicas: 1 }, "tailnet.proxies": {} },
    at: "homelab:tailnet.connector.name",
    says: /name of a class of proxies too; choose another/,
  },
  "a host of the tailnet without name and address": {
    edit: { "tailnet.egress": { nas: { as: "tag:ci", ports: [445] } } },
    at: "homelab:tailnet.egress.nas",
    says: /names no host; say fqdn or ip/,
  },
  "a host of the tailnet by name and address": {
    edit: {
      "tailnet.egress": {
        nas: { fqdn: "nas.tail1234.ts.net", ip: "100.101.102.103", ports: [445] },
      },
    },
    at: "homelab:tailnet.egress.nas",
    says: /both fqdn and ip/,
  },
  "a host of the tailnet by its short name": {
    edit: { "tailnet.egress": { nas: { fqdn: "nas", as: "tag:ci", ports: [445] } } },
    at: "homelab:tailnet.egress.nas.fqdn",
    says: /use the whole name/,
  },
  "a host of the LAN through the tailnet": {
    edit: { "tailnet.egress": { nas: { ip: "192.168.1.5", ports: [445] } } },
    at: "homelab:tailnet.egress.nas.ip",
    says: /no address of a tailnet.*reach hosts of a LAN by their own address/,
  },
  "a host behind another site's Connector": {
    edit: { "tailnet.egress": { cabin: { ip: "192.168.2.200", ports: [443] } } },
    at: "homelab:tailnet.egress.cabin.ip",
    says: /no address of a tailnet.*or of another site's gateway for the tailnet/,
  },
  "a host of the tailnet that the policy has no name for": {
    edit: { "tailnet.egress": { nas: { fqdn: "nas.tail1234.ts.net", ports: [445] } } },
    at: "homelab:tailnet.egress.nas.as",
    says: /is missing; .*say its tag/,
  },
  "a host of the tailnet whose tag nobody owns": {
    edit: {
      "tailnet.egress": { nas: { fqdn: "nas.tail1234.ts.net", as: "tag:nas", ports: [445] } },
    },
    at: "homelab:tailnet.egress.nas.as",
    says: /tag:nas has no owner.*add nas to homelab:tailnet\.policy\.tags/,
  },
  "a host of the tailnet by a name that the policy's hosts lack": {
    edit: {
      "tailnet.egress": { nas: { fqdn: "nas.tail1234.ts.net", as: "nas", ports: [445] } },
    },
    at: "homelab:tailnet.egress.nas.as",
    says: /nas is no name of homelab:tailnet\.policy\.hosts/,
  },
  "pods that reach the site's machines through the tailnet": {
    edit: {
      "tailnet.egress": {
        node: { fqdn: "proxmox-tank.tail1234.ts.net", as: "tag:home-node", ports: [22] },
      },
    },
    at: "homelab:tailnet.egress.node.as",
    says: /a site's own devices, which no pod is to reach/,
  },
  "a host of the tailnet with one port twice": {
    edit: { "tailnet.egress": { nas: { ip: "100.101.102.103", ports: [445, 445] } } },
    at: "homelab:tailnet.egress.nas.ports[1]",
    says: /445 is listed already/,
  },
  "a host of the tailnet by one name twice": {
    edit: {
      "tailnet.egress": {
        nas: { fqdn: "nas.tail1234.ts.net", as: "tag:ci", ports: [445] },
        time: { fqdn: "nas.tail1234.ts.net", as: "tag:ci", ports: [123], protocol: "UDP" },
      },
    },
    at: "homelab:tailnet.egress.time.fqdn",
    says: /is the host of nas already.*list the ports there, or say ip/,
  },
  "a host of the tailnet called like a Service of the operator's": {
    edit: { "tailnet.egress": { nameserver: { ip: "100.101.102.103", ports: [53] } } },
    at: "homelab:tailnet.egress.nameserver",
    says: /gives to Services of its own; choose another/,
  },
  "a name of a tailnet's host that no cache tells pods": {
    edit: { dns: { enabled: false, tailnet: false }, "tailnet.egress": { cabin } },
    at: "homelab:tailnet.egress.cabin.hostnames[0]",
    says: /told to pods by the nodes' caches.*add homelab:dns, or leave it out/,
  },
  "a name of a tailnet's host in the cluster's domain": {
    edit: {
      "tailnet.egress": { cabin: { ...cabin, hostnames: ["cabin.tailscale.svc.cluster.local"] } },
    },
    at: "homelab:tailnet.egress.cabin.hostnames[0]",
    says: /lies in cluster\.local, whose names the cluster makes/,
  },
  "a domain with servers of its own as the name of a tailnet's host": {
    edit: {
      "dns.domains": { "s3.cabin.home.arpa": ["192.168.1.9"] },
      "tailnet.egress": { cabin },
    },
    at: "homelab:tailnet.egress.cabin.hostnames[0]",
    says: /is a domain that the caches ask servers of its own for/,
  },
  "a name of the site's own that leads pods away": {
    edit: {
      "apps.typeo.expose": [{ host: "play.home.arpa", to: "lan" }],
      "tailnet.egress": { cabin: { ...cabin, hostnames: ["play.home.arpa"] } },
    },
    at: "homelab:tailnet.egress.cabin.hostnames[0]",
    says: /play\.home\.arpa is shown by this site itself/,
  },
  "one name for two hosts of the tailnet": {
    edit: { "tailnet.egress": { cabin, shed: { ...cabin, ip: "100.101.102.105" } } },
    at: "homelab:tailnet.egress.shed.hostnames[0]",
    says: /s3\.cabin\.home\.arpa leads to cabin already; keep one/,
  },
  "a name of a tailnet's host in capitals": {
    edit: { "tailnet.egress": { cabin: { ...cabin, hostnames: ["S3.cabin.home.arpa"] } } },
    at: "homelab:tailnet.egress.cabin.hostnames[0]",
    says: /use a lower-case DNS name/,
  },
  "an approver of Services that is no group": {
    edit: { "tailnet.policy.autoApprovers": { services: { "svc:web": ["group:friends"] } } },
    at: "homelab:tailnet.policy.autoApprovers.services.svc:web",
    says: /group:friends is no group of homelab:people/,
  },
  "an approver of Services by another name": {
    edit: { "tailnet.policy.autoApprovers": { services: { web: ["tag:ci"] } } },
    at: "homelab:tailnet.policy.autoApprovers.services.web",
    says: /use svc:NAME or tag:NAME/,
  },
};
