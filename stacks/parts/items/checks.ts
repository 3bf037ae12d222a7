import type { Problem } from "../../../components/problem.ts";
import { onePasswordNamespace } from "../../../components/secrets/connect-values.ts";
import { repeated } from "../../config/lists.ts";
import { siteNamespaces } from "../../namespaces.ts";
import type { SiteConfig } from "../../schema.ts";
import { loginNamespaces } from "../postgres/login-namespaces.ts";
import type { Operator } from "./schema.ts";

const path = "homelab:onePassword.operator";

type Item = Operator["items"][number];

/** Each Secret has one item, a namespace that is nobody else's, and the keys that Kubernetes wants of its type. */
export function checkItems(config: SiteConfig): readonly Problem[] {
  const operator = config.onePassword?.operator;
  if (operator === undefined) return [];
  return [
    ...sameField(operator),
    ...operator.items.flatMap((item, i) => [
      ...foreign(config, item, i),
      ...taken(operator.items, item, i),
      ...untyped(item, i),
      ...repeated(`${path}.items[${i}].keys`, item.keys),
    ]),
  ];
}

function sameField({ credentials, token }: Operator): readonly Problem[] {
  if (credentials !== token) return [];
  return [
    {
      path: `${path}.token`,
      text: "refers to the same value as credentials; refer to the server's token",
    },
  ];
}

/** Namespaces that Kubernetes makes. */
const builtIn = /^(default|kube-.*)$/;

function foreign(config: SiteConfig, { namespace }: Item, i: number): readonly Problem[] {
  const at = `${path}.items[${i}].namespace`;
  if (builtIn.test(namespace))
    return [
      {
        path: at,
        text: `${namespace} is Kubernetes' own; name a namespace for the item's consumers`,
      },
    ];
  const { postgres } = config;
  // Logins of databases may lie beside items.
  const shared = postgres === undefined ? [] : loginNamespaces(postgres, []);
  const others = [
    ...siteNamespaces({ ...config, onePassword: undefined }).filter(
      ({ name }) => !shared.some((one) => one.name === name),
    ),
    onePasswordNamespace,
  ];
  if (!others.some(({ name }) => name === namespace)) return [];
  const text = `${namespace} is made by another part of the site, whose secrets it reads itself; name another namespace`;
  return [{ path: at, text }];
}

function taken(items: readonly Item[], { name, namespace }: Item, i: number): readonly Problem[] {
  const first = items.findIndex((other) => other.name === name && other.namespace === namespace);
  if (first === i) return [];
  return [
    {
      path: `${path}.items[${i}].name`,
      text: `${namespace}/${name} is the Secret of items[${first}] too; give it another name`,
    },
  ];
}

/**
 * Keys that a Secret must have by its type, one of each list; the API server refuses it without, and the operator tries
 * again for ever. https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
 */
const typeKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "kubernetes.io/tls": [["tls.crt"], ["tls.key"]],
  "kubernetes.io/basic-auth": [["username", "password"]],
  "kubernetes.io/ssh-auth": [["ssh-privatekey"]],
  "kubernetes.io/dockerconfigjson": [[".dockerconfigjson"]],
  "kubernetes.io/dockercfg": [[".dockercfg"]],
};

function untyped({ type, keys }: Item, i: number): readonly Problem[] {
  if (type === "kubernetes.io/service-account-token")
    return [
      {
        path: `${path}.items[${i}].type`,
        text: `${type} is filled by Kubernetes itself; use another type`,
      },
    ];
  const missing = (typeKeys[type ?? ""] ?? []).filter(
    (oneOf) => !oneOf.some((key) => keys.includes(key)),
  );
  return missing.map((oneOf) => ({
    path: `${path}.items[${i}].keys`,
    text: `a Secret of the type ${type} has the key ${oneOf.join(" or ")}; add it, or take another type`,
  }));
}
