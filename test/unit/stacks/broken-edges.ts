import type { Changes } from "./sample.ts";

/** Home sites with public names that cannot or must not be: what, path, advice, changes. */
export const brokenEdges: readonly (readonly [string, string, RegExp, Changes])[] = [
  [
    "an account by its name",
    "homelab:edge.accountId",
    /32 hex digits/,
    { "edge.accountId": "home" },
  ],
  [
    "a zone by its name",
    "homelab:edge.zoneId",
    /zone's id: 32 hex digits/,
    { "edge.zoneId": "example.net" },
  ],
  [
    "a cloudflared release of another form",
    "homelab:versions.cloudflared",
    /such as 2025\.11\.1/,
    { "versions.cloudflared": "latest" },
  ],
  [
    "an edge without its cloudflared",
    "homelab:versions.cloudflared",
    /is missing; homelab:edge needs it/,
    { "versions.cloudflared": undefined },
  ],
  ["a single cloudflared", "homelab:edge.replicas", />=2/, { "edge.replicas": 1 }],
  [
    "more cloudflareds than hosts",
    "homelab:edge.replicas",
    /pods run on 4; use 4 or fewer/,
    { "edge.replicas": 5 },
  ],
  [
    "a policy that admits nobody",
    "homelab:edge.access.family",
    /give it emails, emailDomains or serviceTokens, or remove it/,
    { "edge.access": { family: {} } },
  ],
  [
    "a service token named twice",
    "homelab:edge.access.family.serviceTokens[1]",
    /remove the repetition/,
    { "edge.access.family.serviceTokens": ["monitoring", "monitoring"] },
  ],
  [
    "a session of no time",
    "homelab:edge.access.family.sessionDuration",
    /such as 24h/,
    { "edge.access.family.sessionDuration": "0h" },
  ],
  [
    "a person without an address",
    "homelab:edge.access.family.emails[0]",
    /use an e-mail address/,
    { "edge.access.family.emails": ["admin"] },
  ],
  [
    "a public name in another zone",
    "homelab:apps.typeo.hostname",
    /use a name such as typeo\.example\.net/,
    { "apps.typeo.hostname": "typeo.example.org" },
  ],
  [
    "a public name that only ends like the zone",
    "homelab:apps.typeo.hostname",
    /is not in example\.net/,
    { "apps.typeo.hostname": "typeo.badexample.net" },
  ],
  [
    "a public name without an edge",
    "homelab:apps.typeo.hostname",
    /add homelab:edge, or remove the hostname/,
    { edge: undefined },
  ],
  [
    "a policy that is not there",
    "homelab:apps.typeo.access[0]",
    /friends is not in homelab:edge\.access; known are family/,
    { "apps.typeo.access": ["friends"] },
  ],
  [
    "a policy named twice",
    "homelab:apps.typeo.access[1]",
    /remove the repetition/,
    { "apps.typeo.access": ["family", "family"] },
  ],
  [
    "a public name open to everybody",
    "homelab:apps.typeo.access",
    /everybody on the internet .*say why in withoutAccess/,
    { "apps.typeo.access": [] },
  ],
  [
    "a name both open and guarded",
    "homelab:apps.typeo.withoutAccess",
    /remove one$/,
    { "apps.typeo.withoutAccess": "the school uses it" },
  ],
  [
    "a reason that is none",
    "homelab:apps.typeo.withoutAccess",
    /say in a sentence why/,
    { "apps.typeo.access": [], "apps.typeo.withoutAccess": "yes" },
  ],
  [
    "a guard without a name",
    "homelab:apps.typeo.access",
    /add `hostname`, or remove it/,
    { "apps.typeo.hostname": undefined },
  ],
  [
    "an image by its newest tag",
    "homelab:apps.typeo.version",
    /not latest/,
    { "apps.typeo.version": "latest" },
  ],
  [
    "an image with a tag in its name",
    "homelab:apps.typeo.image",
    /without its tag/,
    { "apps.typeo.image": "ghcr.io/x/typeo:v1" },
  ],
  [
    "a setting that is no variable",
    "homelab:apps.typeo.settings.session secret",
    /environment variable's name/,
    { "apps.typeo.settings": { "session secret": "config:x" } },
  ],
];
