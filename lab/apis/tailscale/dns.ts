import ipaddr from "ipaddr.js";
import { z } from "zod";
import { readJson, type ApiCall, type ApiRoute } from "./route.ts";
import type { Resolver, TailnetState } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";

type Dns = TailnetState["dns"];

const address = z
  .string()
  .refine(
    (text) => ipaddr.isValid(text) || /^https:\/\/[^\s/]+\/\S*$/.test(text),
    "is no IP address or DNS-over-HTTPS URL",
  );
const domain = z.string().regex(/^(?!-)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/, "is no domain name");
const resolver = z.strictObject({ address, useWithExitNode: z.boolean().optional() });
// Go clients send null for an empty list.
const addresses = z.array(address).nullable();

const form = {
  nameservers: z.strictObject({ dns: addresses }),
  searchPaths: z.strictObject({ searchPaths: z.array(domain).nullable() }),
  preferences: z.strictObject({ magicDNS: z.boolean() }),
  split: z.record(domain, addresses),
  configuration: z.strictObject({
    nameservers: z.array(resolver).nullish(),
    splitDNS: z.record(domain, z.array(resolver).nullable()).nullish(),
    searchPaths: z.array(domain).nullish(),
    preferences: z
      .strictObject({
        overrideLocalDNS: z.boolean().default(false),
        magicDNS: z.boolean().default(false),
      })
      .prefault({}),
  }),
};

/** DNS of the tailnet: `/tailnet/:tailnet/dns/...` (https://tailscale.com/api#tag/dns). */
export function dnsRoutes(tailnet: Tailnet): ApiRoute[] {
  const { dns } = tailnet.store.state;
  const routes = (name: string, show: () => unknown, writers: Writers): ApiRoute[] => {
    const url = `/tailnet/:tailnet/dns/${name}`;
    return [
      { method: "GET", url, scope: "dns:read", handle: show },
      ...Object.entries(writers).map(([method, write]) => ({
        ...{ method, url, scope: "dns" },
        handle: (call: ApiCall) => tailnet.store.change(() => write(call)),
      })),
    ];
  };
  return [
    ...routes("nameservers", () => ({ dns: dns.nameservers.map(addressOf) }), {
      POST: (call) => {
        dns.nameservers = (readJson(call, form.nameservers).dns ?? []).map(toResolver);
        return { dns: dns.nameservers.map(addressOf), magicDNS: dns.magicDns };
      },
    }),
    ...routes("searchpaths", () => ({ searchPaths: dns.searchPaths }), {
      POST: (call) => {
        dns.searchPaths = readJson(call, form.searchPaths).searchPaths ?? [];
        return { searchPaths: dns.searchPaths };
      },
    }),
    ...routes("preferences", () => ({ magicDNS: dns.magicDns }), {
      POST: (call) => {
        dns.magicDns = readJson(call, form.preferences).magicDNS;
        return { magicDNS: dns.magicDns };
      },
    }),
    ...routes("split-dns", () => splitView(dns), {
      PATCH: (call) => setSplit(dns, call, dns.splitDns),
      PUT: (call) => setSplit(dns, call, {}),
    }),
    ...routes("configuration", () => configurationView(dns), {
      POST: (call) => setConfiguration(dns, call),
    }),
  ];
}

type Writers = Readonly<Record<string, (call: ApiCall) => unknown>>;

const addressOf = (entry: Resolver): string => entry.address;
const toResolver = (text: string): Resolver => ({ address: text });

/** Domains of split DNS and the addresses of their servers. */
export function splitView(dns: Dns): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(dns.splitDns).map(([name, entries]) => [name, entries.map(addressOf)]),
  );
}

/** An empty list, or null, takes a domain out. */
function setSplit(dns: Dns, call: ApiCall, base: Dns["splitDns"]): unknown {
  const given = Object.entries(readJson(call, form.split)).map(
    ([name, list]): [string, Resolver[]] => [name, (list ?? []).map(toResolver)],
  );
  dns.splitDns = withoutEmpty({ ...base, ...Object.fromEntries(given) });
  return splitView(dns);
}

function setConfiguration(dns: Dns, call: ApiCall): unknown {
  const { nameservers, splitDNS, searchPaths, preferences } = readJson(call, form.configuration);
  dns.nameservers = nameservers ?? [];
  dns.searchPaths = searchPaths ?? [];
  dns.splitDns = withoutEmpty(splitDNS ?? {});
  dns.magicDns = preferences.magicDNS;
  dns.overrideLocalDns = preferences.overrideLocalDNS;
  return configurationView(dns);
}

function withoutEmpty(
  split: Readonly<Record<string, readonly Resolver[] | null>>,
): Dns["splitDns"] {
  return Object.fromEntries(
    Object.entries(split).flatMap(([name, entries]) =>
      entries === null || entries.length === 0 ? [] : [[name, entries]],
    ),
  );
}

function configurationView(dns: Dns): unknown {
  return {
    nameservers: dns.nameservers,
    splitDNS: dns.splitDns,
    searchPaths: dns.searchPaths,
    preferences: { overrideLocalDNS: dns.overrideLocalDns, magicDNS: dns.magicDns },
  };
}
