import type { RefusedSites } from "./index.ts";

const item = (changes: object): object => ({
  name: "guest-wifi",
  namespace: "household",
  item: "op://Homelab/Guest Wi-Fi",
  keys: ["ssid", "password"],
  ...changes,
});

/** Home with an operator that has these items. */
const operator = (items: readonly object[], changes: object = {}) => ({
  "onePassword.operator": {
    credentials: "op://Homelab/Connect/credentials",
    token: "op://Homelab/Connect/operator-token",
    items,
    ...changes,
  },
});

/** Items of 1Password that the cluster's operator cannot make Secrets of. */
export const items: RefusedSites = {
  "two items for one Secret": {
    edit: operator([item({}), item({ item: "op://Homelab/Other" })]),
    at: "homelab:onePassword.operator.items[1].name",
    says: /household\/guest-wifi is the Secret of items\[0\] too; give it another name/,
  },
  "an item in an application's namespace": {
    edit: operator([item({ namespace: "typeo" })]),
    at: "homelab:onePassword.operator.items[0].namespace",
    says: /typeo is made by another part of the site/,
  },
  "an item beside the operator's own Secrets": {
    edit: operator([item({ namespace: "onepassword" })]),
    at: "homelab:onePassword.operator.items[0].namespace",
    says: /made by another part/,
  },
  "an item in a namespace of Kubernetes": {
    edit: operator([item({ namespace: "kube-system" })]),
    at: "homelab:onePassword.operator.items[0].namespace",
    says: /Kubernetes' own/,
  },
  "a TLS Secret without its key": {
    edit: operator([item({ type: "kubernetes.io/tls", keys: ["tls.crt"] })]),
    at: "homelab:onePassword.operator.items[0].keys",
    says: /has the key tls\.key; add it/,
  },
  "a Secret that Kubernetes fills itself": {
    edit: operator([item({ type: "kubernetes.io/service-account-token" })]),
    at: "homelab:onePassword.operator.items[0].type",
    says: /filled by Kubernetes itself/,
  },
  "a field in place of an item": {
    edit: operator([item({ item: "op://Homelab/Guest Wi-Fi/ssid" })]),
    at: "homelab:onePassword.operator.items[0].item",
    says: /use vault and item/,
  },
  "a key that no Secret can have": {
    edit: operator([item({ keys: ["guest password"] })]),
    at: "homelab:onePassword.operator.items[0].keys[0]",
    says: /use a key of letters/,
  },
  "a key twice": {
    edit: operator([item({ keys: ["ssid", "ssid"] })]),
    at: "homelab:onePassword.operator.items[0].keys[1]",
    says: /remove the repetition/,
  },
  "no key that anybody would read": {
    edit: operator([item({ keys: [] })]),
    at: "homelab:onePassword.operator.items[0].keys",
    says: /name the keys/,
  },
  "the server's credentials as the operator's token": {
    edit: operator([], { token: "op://Homelab/Connect/credentials" }),
    at: "homelab:onePassword.operator.token",
    says: /same value as credentials/,
  },
  "a connect chart without a known kind": {
    edit: { ...operator([]), "versions.onePasswordConnect": "2.4.0" },
    at: "homelab:versions.onePasswordConnect",
    says: /known are 2\.4\.1/,
  },
  "an operator, and nobody who starts its items' readers anew": {
    edit: { ...operator([]), "reloader.enabled": false },
    at: "homelab:reloader",
    says: /homelab:onePassword\.operator needs it: .*; switch it on, or onePassword\.operator off/,
  },
};
