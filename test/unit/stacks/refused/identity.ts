import { argocdSite } from "../argocd-site.ts";
import { dexSite, identitySite } from "../identity-site.ts";
import type { RefusedSites } from "./index.ts";

const path = "homelab:identity";
const grafana = { hostname: "grafana.home.arpa", admins: ["admins"] };

/** Sign-on without a provider, to what is not there, or for nobody. */
export const identity: RefusedSites = {
  "sign-on without an edge": {
    edit: { ...identitySite(), edge: undefined, "apps.typeo": undefined },
    at: path,
    says: /by Cloudflare Access, and the site has no homelab:edge; add it, or write homelab:identity\.dex/,
  },
  "sign-on without a team": {
    edit: { ...identitySite(), "edge.team": undefined, "apps.typeo": undefined },
    at: "homelab:edge.team",
    says: /homelab:identity needs it: people sign on at TEAM/,
  },
  "sign-on to nothing": {
    edit: identitySite({
      ...{ grafana: undefined, argocd: undefined, kubernetes: undefined, routes: {} },
    }),
    at: path,
    says: /write grafana, argocd, kubernetes or routes, or remove it/,
  },
  "sign-on before a route that is none": {
    edit: identitySite({ routes: { ceph: ["admins"] } }),
    at: `${path}.routes.ceph`,
    says: /no route of homelab:gateway\.routes; known are argocd, grafana, hubble/,
  },
  "sign-on before a route that Access stands before": {
    edit: {
      ...identitySite(),
      "gateway.routes.hubble": {
        ...{ gateway: "public", hostnames: ["hubble.example.net"], access: ["family"] },
        ...{ namespace: "kube-system", service: "hubble-ui", port: 80 },
      },
    },
    at: `${path}.routes.hubble`,
    says: /stands behind Access already; name people in homelab:edge\.access/,
  },
  "sign-on before a part of a name": {
    edit: { ...identitySite(), "gateway.routes.hubble.path": "/flows" },
    at: `${path}.routes.hubble`,
    says: /is for \/flows alone, and people are sent back to another path/,
  },
  "sign-on before a name of which a path is open": {
    edit: {
      ...identitySite(),
      "gateway.routes.hooks": {
        ...{ hostnames: ["hubble.home.arpa"], path: "/hooks", allow: ["192.168.1.0/24"] },
        ...{ namespace: "kube-system", service: "hubble-ui", port: 80 },
      },
    },
    at: "homelab:gateway.routes.hooks.path",
    says: /the route hubble leads to the same Service by the same name and lets others pass/,
  },
  "sign-on before a route of another protocol": {
    edit: {
      ...identitySite(),
      "gateway.lan.listeners": [{ name: "mqtt", port: 1883, protocol: "tcp" }],
      "gateway.routes.hubble": {
        ...{ kind: "tcp", listener: "mqtt", namespace: "mqtt", service: "mqtt", port: 1883 },
      },
    },
    at: `${path}.routes.hubble`,
    says: /hands on tcp, and people sign on by http alone/,
  },
  "sign-on without https": {
    edit: { ...identitySite(), "certificates.enabled": false },
    at: `${path}.routes.hubble`,
    says: /needs https, and the site has no homelab:certificates/,
  },
  "a session of sign-on that is longer than Access allows": {
    edit: identitySite({ session: "48h" }),
    at: `${path}.session`,
    says: /1h to 24h/,
  },
  "sign-on to Grafana where there is none": {
    edit: { ...identitySite(), monitoring: undefined },
    at: `${path}.grafana`,
    says: /part of homelab:monitoring, which the site does not have/,
  },
  "a name of Grafana that leads nowhere": {
    edit: identitySite({ grafana: { ...grafana, hostname: "graphs.home.arpa" } }),
    at: `${path}.grafana.hostname`,
    says: /write a route in homelab:gateway\.routes .* Service grafana in monitoring, port 80/,
  },
  "Grafana that nobody may sign on to": {
    edit: identitySite({ grafana: { ...grafana, admins: [] } }),
    at: `${path}.grafana`,
    says: /names nobody; give it groups/,
  },
  "people of a group that is none": {
    edit: identitySite({ grafana: { ...grafana, viewers: ["guests"] } }),
    at: `${path}.grafana.viewers[0]`,
    says: /guests is no group of homelab:people; known are admins, family/,
  },
  "somebody who signs on by a login of the tailnet": {
    edit: { ...identitySite(), people: { admins: ["me@github"], family: ["a@example.net"] } },
    at: `${path}.argocd.admins[0]`,
    says: /me@github of admins is a login of the tailnet, and Access knows people by e-mail address/,
  },
  "sign-on to Argo CD where there is none": {
    edit: { ...identitySite(), argocd: undefined, "gateway.routes.argocd": undefined },
    at: `${path}.argocd`,
    says: /no homelab:argocd that people could sign on to/,
  },
  "two providers for Argo CD": {
    edit: { ...identitySite(), argocd: argocdSite().argocd },
    at: "homelab:argocd.signOn",
    says: /Argo CD knows one provider; remove one of them/,
  },
  "sign-on to the Kubernetes API for nobody": {
    edit: identitySite({ kubernetes: {} }),
    at: `${path}.kubernetes`,
    says: /names nobody; give it groups/,
  },
  "sign-on to API servers that cannot read how": {
    edit: { ...identitySite(), "versions.rke2": "v1.33.4+rke2r1" },
    at: `${path}.kubernetes`,
    says: /needs RKE2 v1\.34 or newer, and homelab:versions\.rke2 is v1\.33\.4/,
  },
  "sign-on by which nobody may change anything in Argo CD": {
    edit: identitySite({ argocd: { readers: ["family"] } }),
    at: `${path}.argocd.admins`,
    says: /names nobody, and the user admin cannot log in/,
  },
  "a name of Dex that leads nowhere": {
    edit: dexSite({}, { hostname: "login.home.arpa" }),
    at: `${path}.dex.hostname`,
    says: /write a route in homelab:gateway\.routes at the gateway lan .* Service dex in identity, port 443/,
  },
  "Dex that the tailnet alone reaches": {
    edit: {
      ...dexSite(),
      "gateway.internal.enabled": true,
      "gateway.routes.id.gateway": "internal",
    },
    at: `${path}.dex.hostname`,
    says: /does not lead to it on the LAN/,
  },
  "Dex that everybody on the internet may try passwords at": {
    edit: {
      ...identitySite({ dex: { hostname: "id.home.arpa" } }),
      "gateway.routes.id": {
        ...{ hostnames: ["id.home.arpa"], namespace: "identity", service: "dex", port: 443 },
      },
      "gateway.routes.id-outside": {
        ...{ gateway: "public", hostnames: ["id.example.net"], withoutAccess: "people sign on" },
        ...{ namespace: "identity", service: "dex", port: 443 },
      },
    },
    at: "homelab:gateway.routes.id-outside.withoutAccess",
    says: /could try passwords at Dex, which limits no attempts; put access in front/,
  },
  "sign-on before the provider itself": {
    edit: dexSite({ routes: { id: ["admins"] } }),
    at: `${path}.routes.id`,
    says: /leads to Dex, which nobody can sign on to before/,
  },
  "Dex without certificates": {
    edit: { ...dexSite({ routes: {} }), "certificates.enabled": false },
    at: `${path}.dex`,
    says: /needs certificates of its own, and the site has no homelab:certificates/,
  },
  "Dex that nobody starts anew with its certificate": {
    edit: { ...dexSite(), "reloader.enabled": false },
    at: `${path}.dex`,
    says: /begin anew with each certificate .* no homelab:reloader; switch it on/,
  },
  "a release of Dex whose kinds are not known": {
    edit: { ...dexSite(), "versions.dex": "2.46.0" },
    at: "homelab:versions.dex",
    says: /checksums of its kinds are not known for 2\.46\.0; known are 2\.45\.1/,
  },
  "a password of somebody who signs on to nothing": {
    edit: dexSite({}, { passwordHashes: { "eve@example.net": "op://Homelab/Dex/eve" } }),
    at: `${path}.dex.passwordHashes.eve@example.net`,
    says: /eve@example\.net is in no group that signs on; name the group/,
  },
  "a password in a site file": {
    edit: dexSite({}, { passwordHashes: { "admin@example.net": "hunter2" } }),
    at: `${path}.dex.passwordHashes.admin@example.net`,
    says: /use a reference: op:/,
  },
  "somebody of Dex who is known by a login of the tailnet": {
    edit: { ...dexSite(), people: { admins: ["me@github"], family: ["a@example.net"] } },
    at: `${path}.argocd.admins[0]`,
    says: /login of the tailnet, and Dex knows people by e-mail address/,
  },
};
