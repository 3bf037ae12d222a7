import type { RefusedSites } from "./index.ts";

/** Groups of people. */
export const people: RefusedSites = {
  "a policy without admins": {
    edit: { "people.admins": undefined },
    at: "homelab:people.admins",
    says: /^is missing; homelab:tailnet\.policy needs somebody/,
  },
  "an admin who is no address": {
    edit: { "people.admins": ["admin"] },
    at: "homelab:people.admins[0]",
    says: /an e-mail address, or NAME@github/,
  },
  "a member named twice": {
    edit: { "people.family": ["a@example.net", "a@example.net"] },
    at: "homelab:people.family[1]",
    says: /remove the repetition/,
  },
  "a group without members": {
    edit: { "people.guests": [] },
    at: "homelab:people.guests",
    says: /name somebody, or remove the group/,
  },
  "a group with a prefix": {
    edit: { "people.group:family": ["a@example.net"] },
    at: "homelab:people.group:family",
    says: /RFC 1123/,
  },
};
