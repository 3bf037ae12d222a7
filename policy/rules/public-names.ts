import { administered, type Surface } from "../../components/edge/administration.ts";
import { isTunnelTarget, withoutAccessMark } from "../../components/edge/names.ts";
import type { Finding, ResourceRule, SeenResource, StackRule } from "../rule.ts";
import { at, elements, text, unknown, type Seen } from "../seen.ts";

const tunnelConfigType =
  "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig";
const recordTypes = ["cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/record:Record"];
const applicationType = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication";
const policyType = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy";

/** A public name: who is behind it is decided by Access, unless the site's owner said in writing that everybody is let in. */
export const publicNames: StackRule = {
  name: "public-names-have-access",
  description:
    "A name that leads from the internet into the site has an Access application of its own, or its DNS record says " +
    `"${withoutAccessMark}" and why: nothing is shown to everybody by oversight.`,
  judge: (resources) => {
    const gated = new Set(resources.flatMap(applicationNames));
    const said = new Set(
      resources.filter(isRecord).flatMap(({ inputs }) => {
        const name = text(inputs["name"]);
        const excused = text(inputs["comment"])?.startsWith(withoutAccessMark) === true;
        return name !== undefined && excused ? [plainName(name)] : [];
      }),
    );
    return resources.flatMap((resource) =>
      entrances(resource).flatMap(({ where, name }) => {
        if (name === undefined) {
          const finding = `${where} takes requests for every name; give it a hostname, or end with http_status:404`;
          return [{ resource, finding }];
        }
        if (name === unknown) {
          const finding = `${where} is not known before the run; write the public name as plain text`;
          return [{ resource, finding }];
        }
        if (gated.has(plainName(name)) || said.has(plainName(name))) return [];
        const finding =
          `${where}: ${name} is public and has no Access application; name Access policies under \`access\`, or say ` +
          "under `withoutAccess` why everybody may reach it";
        return [{ resource, finding }];
      }),
    );
  },
};

const routeType = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute";

/** What administers a site is shown to nobody without Access, whatever the reason. */
export const administration: StackRule = {
  name: "administration-has-access",
  description:
    "A public name that leads to Grafana, Argo CD, Ceph, Hubble, a database or another surface of administration has an " +
    "Access application: there is no reason to leave it away.",
  judge: (resources) => {
    const gated = new Set(resources.flatMap(applicationNames));
    const routes = resources.filter(({ type }) => type === routeType);
    return resources
      .filter(({ type }) => type === tunnelConfigType)
      .flatMap((resource) =>
        elements(at(resource.inputs["config"], "ingresses")).flatMap((rule, i) => {
          const name = plainName(text(at(rule, "hostname")) ?? "");
          if (gated.has(name)) return [];
          const direct = serviceOf(text(at(rule, "service")) ?? "");
          const behind = [direct, ...routes.flatMap((route) => backendsOf(route, name))];
          const [what] = behind.flatMap((one) => (one && administered(one)) ?? []);
          if (what === undefined) return [];
          const finding = `config.ingresses[${i}].service: ${name} shows ${what} to everybody on the internet; name Access policies under \`access\``;
          return [{ resource, finding }];
        }),
      );
  },
};

/** The Service of `http://SERVICE.NAMESPACE.svc...:PORT`. */
function serviceOf(address: string): Surface | undefined {
  const [, service, namespace] = /^\w+:\/\/([^./:]+)\.([^./:]+)\.svc\b/.exec(address) ?? [];
  return service === undefined || namespace === undefined ? undefined : { service, namespace };
}

/** Services that the gateway of the internet hands requests for a name to. */
function backendsOf({ inputs }: SeenResource, name: string): readonly Surface[] {
  const spec = inputs["spec"];
  const parents = elements(at(spec, "parentRefs")).map((parent) => text(at(parent, "name")));
  const names = elements(at(spec, "hostnames")).map((one) => plainName(text(one) ?? ""));
  if (!parents.includes("public") || !names.includes(name)) return [];
  const own = text(at(inputs["metadata"], "namespace")) ?? "default";
  return elements(at(spec, "rules")).flatMap((rule) => {
    const path = onlyPath(rule);
    return elements(at(rule, "backendRefs")).map((backend) => ({
      service: text(at(backend, "name")) ?? "",
      namespace: text(at(backend, "namespace")) ?? own,
      ...(path === undefined ? {} : { path }),
    }));
  });
}

/** Beginning of the paths that a rule of a route takes, where there is one alone. */
function onlyPath(rule: Seen): string | undefined {
  const paths = elements(at(rule, "matches")).map((match) => text(at(match, "path", "value")));
  return paths.length === 1 ? paths[0] : undefined;
}

/** A policy that waves everybody through makes an application in front worth nothing. */
export const accessBypass: ResourceRule = {
  name: "access-has-no-bypass",
  description:
    "No Access policy lets requests bypass Access: who may pass without an identity is said at the name itself " +
    `("${withoutAccessMark}"), where people look.`,
  judge: ({ type, inputs }) => {
    const own =
      type === policyType ? judgePolicy("", text(inputs["decision"]), inputs["includes"]) : [];
    const inline = type === applicationType ? elements(inputs["policies"]) : [];
    return [
      ...own,
      ...inline.flatMap((policy, i) =>
        judgePolicy(`policies[${i}].`, text(at(policy, "decision")), at(policy, "includes")),
      ),
    ];
  },
};

function judgePolicy(
  where: string,
  decision: string | undefined,
  includes: Seen | undefined,
): readonly Finding[] {
  const better = "use allow with people, or take Access away and say why under `withoutAccess`";
  if (decision === "bypass")
    return [`${where}decision is bypass, which lets everybody through; ${better}`];
  const everyone = elements(includes).findIndex((one) => at(one, "everyone") !== undefined);
  return everyone >= 0 && (decision === "allow" || decision === "non_identity")
    ? [`${where}includes[${everyone}] is everyone, and ${decision} lets them through; ${better}`]
    : [];
}

interface Entrance {
  readonly where: string;
  /** undefined: any name. */
  readonly name: string | typeof unknown | undefined;
}

/** Where requests from the internet enter by this resource. */
function entrances(resource: SeenResource): readonly Entrance[] {
  const { type, inputs } = resource;
  if (type === tunnelConfigType) {
    return elements(at(inputs["config"], "ingresses")).flatMap((rule, i) => {
      const name = nameOf(at(rule, "hostname"));
      const answers = /^http_status:\d+$/.test(text(at(rule, "service")) ?? "");
      return name === undefined && answers
        ? []
        : [{ where: `config.ingresses[${i}].hostname`, name }];
    });
  }
  const inward = isRecord(resource) && inputs["proxied"] === true && leadsToTunnel(inputs);
  return inward ? [{ where: "name", name: nameOf(inputs["name"]) }] : [];
}

function isRecord({ type }: SeenResource): boolean {
  return recordTypes.includes(type);
}

function leadsToTunnel(inputs: SeenResource["inputs"]): boolean {
  const content = at(inputs["content"] ?? inputs["value"]);
  // Of a tunnel that is yet to be made only the kind of the record is known.
  if (content === unknown) return text(inputs["type"]) === "CNAME";
  return typeof content === "string" && isTunnelTarget(content);
}

function applicationNames({ type, inputs }: SeenResource): readonly string[] {
  if (type !== applicationType) return [];
  if ((text(inputs["type"]) ?? "self_hosted") !== "self_hosted") return [];
  const names: readonly (Seen | undefined)[] = [
    inputs["domain"],
    ...elements(inputs["selfHostedDomains"]),
    ...elements(inputs["destinations"]).map((destination) => at(destination, "uri")),
  ];
  return names.flatMap((name) => {
    const plain = text(name);
    return plain === undefined ? [] : [plainName(plain)];
  });
}

function nameOf(value: Seen | undefined): Entrance["name"] {
  const name = at(value);
  if (name === unknown) return unknown;
  return typeof name === "string" && name !== "" ? name : undefined;
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
