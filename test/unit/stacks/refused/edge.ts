import type { RefusedSites } from "./index.ts";

/** The edge and its Access policies. */
export const edge: RefusedSites = {
  "an account by its name": {
    edit: { "edge.accountId": "home" },
    at: "homelab:edge.accountId",
    says: /32 hex digits/,
  },
  "a zone by its name": {
    edit: { "edge.zoneId": "example.net" },
    at: "homelab:edge.zoneId",
    says: /zone's id: 32 hex digits/,
  },
  "a single cloudflared": {
    edit: { "edge.replicas": 1 },
    at: "homelab:edge.replicas",
    says: />=2/,
  },
  "more cloudflareds than hosts": {
    edit: { "edge.replicas": 5 },
    at: "homelab:edge.replicas",
    says: /pods run on 4; use 4 or fewer/,
  },
  "a policy that admits nobody": {
    edit: { "edge.access": { family: {} } },
    at: "homelab:edge.access.family",
    says: /give it people, emailDomains or serviceTokens, or remove it/,
  },
  "a mail domain in which anybody gets an address": {
    edit: { "edge.access.family.emailDomains": ["example.net", "gmail.com"] },
    at: "homelab:edge.access.family.emailDomains[1]",
    says: /^anybody gets an address in gmail\.com, .*name people/,
  },
  "a service token named twice": {
    edit: { "edge.access.family.serviceTokens": ["monitoring", "monitoring"] },
    at: "homelab:edge.access.family.serviceTokens[1]",
    says: /remove the repetition/,
  },
  "a new secret of a token that no policy names": {
    edit: { "edge.rotations": { backup: { version: 2, previousUntil: "2027-01-31" } } },
    at: "homelab:edge.rotations.backup",
    says: /no policy names a service token backup/,
  },
  "a new secret without a day for the old one": {
    edit: { "edge.rotations": { monitoring: { version: 2 } } },
    at: "homelab:edge.rotations.monitoring.previousUntil",
    says: /./,
  },
  "a session of no time": {
    edit: { "edge.access.family.sessionDuration": "0h" },
    at: "homelab:edge.access.family.sessionDuration",
    says: /such as 24h/,
  },
  "a policy for people who are no group": {
    edit: { "edge.access.family.people": ["admins", "friends"] },
    at: "homelab:edge.access.family.people[1]",
    says: /^friends is no group of homelab:people; known are admins, family/,
  },
  "a person whom Access cannot know": {
    edit: { "people.family": ["family@example.net", "kid@github"] },
    at: "homelab:edge.access.family.people[1]",
    says: /^kid@github of family is a login of the tailnet, .*e-mail address alone/,
  },
  "a name with Access, and no team whose marks cloudflared could trust": {
    edit: { "edge.team": undefined },
    at: "homelab:edge.team",
    says: /^typeo\.example\.net has Access in front, .*TEAM of TEAM\.cloudflareaccess\.com/,
  },
  "a team by its address": {
    edit: { "edge.team": "homelab.cloudflareaccess.com" },
    at: "homelab:edge.team",
    says: /the team's name alone/,
  },
  "a public name two levels below the zone": {
    edit: { "apps.typeo.hostname": "typeo.games.example.net" },
    at: "homelab:apps.typeo.hostname",
    says: /free certificate covers one: .*use typeo-games\.example\.net, or order an advanced certificate/,
  },
  "a name two levels below the zone that a certificate of its neighbour covers": {
    edit: {
      "edge.advancedCertificates": ["*.lab.example.net", "a.games.example.net"],
      "apps.typeo.hostname": "typeo.games.example.net",
    },
    at: "homelab:apps.typeo.hostname",
    says: /homelab:edge\.advancedCertificates/,
  },
  "a proxied address two levels below the zone": {
    edit: { "names.entries": { "old.web.example.net": { public: "8.8.8.8", proxied: true } } },
    at: "homelab:names.entries.old.web.example.net",
    says: /use old-web\.example\.net/,
  },
};
