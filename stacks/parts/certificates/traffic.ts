import { managerNamespace } from "../../../components/certificates/cert-manager-values.ts";
import { acmeServers } from "../../../components/certificates/issuers.ts";
import {
  addresses,
  apiServer,
  dnsPorts,
  names,
  pods,
  tcp,
  type Flow,
} from "../../../components/policies/flow.ts";
import { dnsName } from "../../../components/policies/names.ts";
import type { SiteConfig } from "../../schema.ts";

const { name: namespace } = managerNamespace;

/** Pods of cert-manager's chart, by the component that it labels them with. */
const component = (name: string) => pods(name, namespace, { "app.kubernetes.io/component": name });
const controller = component("controller");
const webhook = component("webhook");
const trustManager = pods("trust-manager", namespace, {
  "app.kubernetes.io/name": "trust-manager",
});

/**
 * The controller orders at the authority and proves that the zone is the site's, by Cloudflare's API; whether others see the
 * proof it asks resolvers of the internet itself. API servers ask both webhooks.
 * @see https://cert-manager.io/docs/installation/best-practice/#network-requirements-and-network-policy
 */
export function certificatesTraffic({ certificates }: SiteConfig): readonly Flow[] {
  if (certificates === undefined) return [];
  const resolvers = addresses(certificates.nameservers);
  const authorities = Object.values(acmeServers).map((url) => dnsName(new URL(url).hostname));
  return [
    ...[
      controller,
      webhook,
      component("cainjector"),
      component("startupapicheck"),
      trustManager,
    ].map((from): Flow => ({ from, to: apiServer, why: "its objects" })),
    { from: controller, to: names(...authorities), ports: tcp(443), why: "orders certificates" },
    {
      from: controller,
      to: names(dnsName("api.cloudflare.com")),
      ports: tcp(443),
      why: "proves that the zone is the site's",
    },
    { from: controller, to: resolvers, ports: dnsPorts, why: "whether the proof is seen" },
    { from: apiServer, to: webhook, ports: tcp(10250), why: "asks before objects are taken" },
    { from: apiServer, to: trustManager, ports: tcp(6443), why: "asks before objects are taken" },
  ];
}
