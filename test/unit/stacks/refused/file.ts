import type { RefusedSites } from "./index.ts";

/** The file as a whole. */
export const file: RefusedSites = {
  "a section that does not exist": {
    raw: { "homelab:tailscale": "{}" },
    at: "homelab:tailscale",
    says: /unknown key; known are site, versions, people, proxmox, .*tailnet/,
  },
  "plain text in place of a section": {
    raw: { "homelab:edge": "example.net" },
    at: "homelab:edge",
    says: /write a structure in YAML/,
  },
  "a stack whose name cannot be a tag": {
    stack: "Home_1",
    at: "stack",
    says: /use lower-case letters, digits and hyphens/,
  },
};
