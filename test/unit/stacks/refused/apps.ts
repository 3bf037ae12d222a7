import type { RefusedSites } from "./index.ts";

/** Applications and their public names. */
export const apps: RefusedSites = {
  "a registry's password in the clear": {
    edit: { "apps.typeo.pull": { username: "homelab", password: "ghp_canary" } },
    at: "homelab:apps.typeo.pull.password",
    says: /use a reference: op:\/\/vault\/item\/field/,
  },
  "a login of a registry without its password": {
    edit: { "apps.typeo.pull": { username: "homelab" } },
    at: "homelab:apps.typeo.pull.password",
    says: /is missing/,
  },
  "a user of a registry with a colon": {
    edit: {
      "apps.typeo.pull": { username: "a:b", password: "op://Homelab/Registry/password" },
    },
    at: "homelab:apps.typeo.pull.username",
    says: /without a colon/,
  },
  "a public name in another zone": {
    edit: { "apps.typeo.hostname": "typeo.example.org" },
    at: "homelab:apps.typeo.hostname",
    says: /use a name such as typeo\.example\.net/,
  },
  "a public name that only ends like the zone": {
    edit: { "apps.typeo.hostname": "typeo.badexample.net" },
    at: "homelab:apps.typeo.hostname",
    says: /is not in example\.net/,
  },
  "a public name without an edge": {
    edit: { edge: undefined },
    at: "homelab:apps.typeo.hostname",
    says: /add homelab:edge, or remove the hostname/,
  },
  "a policy that is not there": {
    edit: { "apps.typeo.access": ["friends"] },
    at: "homelab:apps.typeo.access[0]",
    says: /friends is not in homelab:edge\.access; known are family/,
  },
  "a policy named twice": {
    edit: { "apps.typeo.access": ["family", "family"] },
    at: "homelab:apps.typeo.access[1]",
    says: /remove the repetition/,
  },
  "a public name open to everybody": {
    edit: { "apps.typeo.access": [] },
    at: "homelab:apps.typeo.access",
    says: /everybody on the internet .*say why in withoutAccess/,
  },
  "a name both open and guarded": {
    edit: { "apps.typeo.withoutAccess": "the school uses it" },
    at: "homelab:apps.typeo.withoutAccess",
    says: /remove one$/,
  },
  "a reason that is none": {
    edit: { "apps.typeo.access": [], "apps.typeo.withoutAccess": "yes" },
    at: "homelab:apps.typeo.withoutAccess",
    says: /say in a sentence why/,
  },
  "a guard without a name": {
    edit: { "apps.typeo.hostname": undefined },
    at: "homelab:apps.typeo.access",
    says: /add `hostname`, or remove it/,
  },
  "an image by its newest tag": {
    edit: { "apps.typeo.version": "latest" },
    at: "homelab:apps.typeo.version",
    says: /not latest/,
  },
  "an image with a tag in its name": {
    edit: { "apps.typeo.image": "ghcr.io/x/typeo:v1" },
    at: "homelab:apps.typeo.image",
    says: /without its tag/,
  },
  "a setting that is no variable": {
    edit: { "apps.typeo.settings": { "session secret": "config:x" } },
    at: "homelab:apps.typeo.settings.session secret",
    says: /environment variable's name/,
  },
  "an image in capitals": {
    edit: { "apps.typeo.image": "ghcr.io/Example/Typeo" },
    at: "homelab:apps.typeo.image",
    says: /in lower case/,
  },
  "an image by its address on the web": {
    edit: { "apps.typeo.image": "https://ghcr.io/example/typeo" },
    at: "homelab:apps.typeo.image",
    says: /as ghcr\.io\/example\/app/,
  },
  "the newest tag with a digest": {
    edit: { "apps.typeo.version": `latest@sha256:${"ab".repeat(32)}` },
    at: "homelab:apps.typeo.version",
    says: /not latest/,
  },
  "a variable both open and secret": {
    edit: { "apps.typeo.environment": { FIREBASE_PRIVATE_KEY: "x" } },
    at: "homelab:apps.typeo.environment",
    says: /has a variable that `settings` has too/,
  },
};
