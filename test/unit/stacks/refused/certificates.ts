import type { RefusedSites } from "./index.ts";

const further = "certificates.further.lab";

/** Certificates and who signs them. */
export const certificates: RefusedSites = {
  "an address that Let's Encrypt refuses": {
    edit: { "certificates.email": "admin@example.net" },
    at: "homelab:certificates.email",
    says: /refuses addresses at example\.net; .* or remove it/,
  },
  "a public certificate without a public zone": {
    edit: {
      edge: undefined,
      apps: undefined,
      [further]: { names: ["mail.example.net"], issuer: "public" },
    },
    at: "homelab:certificates.further.lab.issuer",
    says: /by its public zone, and there is none; add homelab:edge/,
  },
  "staging certificates without a public zone": {
    edit: {
      edge: undefined,
      apps: undefined,
      "certificates.staging": true,
    },
    at: "homelab:certificates.staging",
    says: /add homelab:edge, or remove it/,
  },
  "a public name outside of the zone": {
    edit: { [further]: { names: ["lab.example.net", "mail.home.arpa"], issuer: "public" } },
    at: "homelab:certificates.further.lab.names[1]",
    says: /^mail\.home\.arpa lies outside of example\.net, .*issuer: internal/,
  },
  "two certificates in one Secret": {
    edit: { [further]: { names: ["*.lab.example.net"], secret: "example-net-tls" } },
    at: "homelab:certificates.further.lab.secret",
    says: /holds the certificate example-net already, .*name another Secret/,
  },
  "a certificate with a zone's name": {
    edit: { "certificates.further": { "example-net": { names: ["www.example.net"] } } },
    at: "homelab:certificates.further.example-net",
    says: /what the certificate of \*\.example\.net is called/,
  },
  "a certificate for one name twice": {
    edit: { [further]: { names: ["a.example.net", "a.example.net"] } },
    at: "homelab:certificates.further.lab.names[1]",
    says: /remove the repetition/,
  },
  "a certificate for more names than one takes": {
    edit: { [further]: { names: Array.from({ length: 101 }, (_, i) => `n${i}.example.net`) } },
    at: "homelab:certificates.further.lab.names",
    says: /101 names; Let's Encrypt takes 100/,
  },
  "a name open in its middle": {
    edit: { [further]: { names: ["lab.*.example.net"] } },
    at: "homelab:certificates.further.lab.names[0]",
    says: /mail\.example\.net or \*\.apps/,
  },
  "a resolver of the site's own for challenges": {
    edit: { "certificates.nameservers": ["192.168.1.1"] },
    at: "homelab:certificates.nameservers[0]",
    says: /no resolver of the internet; .*Use 1\.1\.1\.1/,
  },
};
