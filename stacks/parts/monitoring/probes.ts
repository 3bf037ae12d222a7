/** What is asked of the names that a site exposes: of the same table that its objects are made of. */
import type { ModuleName, NameProbe } from "../../../components/monitoring/probes/plan.ts";
import { proxyHost } from "../../../components/gateway/plan.ts";
import { gatewayOf } from "../../apps/names.ts";
import { siteExposure, type Exposed } from "../../exposure/table.ts";
import type { SiteConfig } from "../../schema.ts";
import type { NamesWatch } from "./names-schema.ts";

/** Every question; none where the site does not watch its names. UDP answers nobody who does not speak its protocol. */
export function siteProbes(config: SiteConfig): readonly NameProbe[] {
  const watch = config.monitoring?.names;
  if (watch === undefined) return [];
  const probes = siteExposure(config)
    .filter(({ protocol, host }) => protocol !== "udp" && !watch.except.includes(host))
    // The gateways do not know it.
    .filter(({ direct }) => direct !== true)
    // Who sends metrics there tells of its silence.
    .filter(({ from }) => from !== "homelab:monitoring.receives")
    .flatMap((one) =>
      one.forwardedTo !== undefined
        ? [atForwarded(one, one.forwardedTo, watch)]
        : one.to === "public"
          ? throughTheInternet(one, watch, config)
          : atGateway(one, watch, config),
    );
  return probes.filter(({ name }, i) => probes.findIndex((other) => other.name === name) === i);
}

/** Behind the router's port: many routers answer nobody who asks their public address from inside. */
function atForwarded(one: Exposed, address: string, watch: NamesWatch): NameProbe {
  const { host, to, port } = one;
  return {
    ...{ name: objectName(one, watch), host, to, as: "visitor", side: "inside", module: "tls" },
    ...{ target: `${address}:${port}`, hostname: host },
  };
}

/** A gateway is asked by its address: the tailnet's own way to it belongs to devices of the tailnet. */
function atGateway(one: Exposed, watch: NamesWatch, config: SiteConfig): readonly NameProbe[] {
  const { host, to, protocol, port, tls } = one;
  const where = gatewayAddress(to, config);
  if (where === undefined) return [];
  const common = { name: objectName(one, watch), host, to, as: "visitor", side: "inside" } as const;
  if (protocol === "tcp") return [{ ...common, module: "tcp", target: `${where}:${port}` }];
  if (tls === "backend")
    return [{ ...common, module: "tls", target: `${where}:${port}`, hostname: host }];
  const scheme = tls === "none" ? "http" : "https";
  const usual = tls === "none" ? 80 : 443;
  const path = pathOf(one, watch);
  const target = `${scheme}://${where}${port === usual ? "" : `:${port}`}${path}`;
  return [{ ...common, module: moduleOf(one, config), target, path, hostname: host }];
}

/** The gateway's address on the LAN; of the one for the tailnet the Service in the cluster, behind its device. */
function gatewayAddress(to: Exposed["to"], { gateway, network }: SiteConfig): string | undefined {
  const at = gatewayOf(to);
  if (at === "lan") return gateway?.lan.address;
  return at === undefined ? undefined : proxyHost(at, network.clusterDomain);
}

/** By whose certificate HTTPS is verified. */
function moduleOf({ tls, host }: Exposed, { certificates }: SiteConfig): ModuleName {
  if (tls === "none") return "http";
  const issuer = certificates?.planned.find(({ names }) => names.includes(tls))?.issuer;
  if (issuer === undefined) throw new Error(`${host} has no certificate in the config`);
  if (issuer === "internal") return "https-own";
  return issuer === "letsencrypt-staging" ? "https-unverified" : "https";
}

/** The way that visitors take: as one who may pass, and where Access stands in front also as one who may not. */
function throughTheInternet(
  one: Exposed,
  watch: NamesWatch,
  config: SiteConfig,
): readonly NameProbe[] {
  const { host, to, access, withoutAccess } = one;
  const path = pathOf(one, watch);
  const target = `https://${host}${path}`;
  const asked = (as: NameProbe["as"], module: ModuleName = as): NameProbe => ({
    ...{ name: `${as}-${objectName(one, watch)}`, host, to, as },
    ...{ side: "outside", module, target, path },
  });
  if (withoutAccess !== undefined) return [asked("visitor")];
  return [
    asked("stranger", leadsToLogin(access, config) ? "stranger" : "stranger-refused"),
    ...(admits(watch, access, config) ? [asked("program")] : []),
  ];
}

/** Whether people may pass, so that Access sends strangers to its login. */
function leadsToLogin(access: readonly string[], { edge }: SiteConfig): boolean {
  return access.some((name) => {
    const { emails = [], emailDomains = [] } = edge?.access[name] ?? {};
    return emails.length + emailDomains.length > 0;
  });
}

/** Whether a name's policies let the token pass. */
function admits(
  { serviceToken }: NamesWatch,
  access: readonly string[],
  { edge }: SiteConfig,
): boolean {
  if (serviceToken === undefined) return false;
  return access.some((policy) => edge?.access[policy]?.serviceTokens.includes(serviceToken));
}

const pathOf = ({ host, path }: Exposed, { paths }: NamesWatch): string =>
  path ?? paths[host] ?? "/";

/** Name of the object: of several routes that share a name, each has its path behind it. */
function objectName(one: Exposed, watch: NamesWatch): string {
  const path = pathOf(one, watch);
  const words = `${one.to} ${one.host} ${path}`.toLowerCase();
  return words.replaceAll(/[^a-z0-9.]+/g, "-").replace(/-$/, "");
}
