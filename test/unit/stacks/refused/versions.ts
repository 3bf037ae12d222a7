import type { RefusedSites } from "./index.ts";

/** Versions, and what each of them is needed for. */
export const versions: RefusedSites = {
  "an image that changes under its name": {
    edit: { "versions.image.url": "https://cloud.debian.org/latest" },
    at: "homelab:versions.image.url",
    says: /name a \.qcow2/,
  },
  "an image of Debian's newest build": {
    edit: {
      "versions.image.url":
        "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.qcow2",
    },
    at: "homelab:versions.image.url",
    says: /whatever is newest.*name a dated build/,
  },
  "an image of Ubuntu's newest build": {
    edit: {
      "versions.image.url":
        "https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img",
    },
    at: "homelab:versions.image.url",
    says: /whatever is newest/,
  },
  "an image of Ubuntu's newest release": {
    edit: {
      "versions.image.url":
        "https://cloud-images.ubuntu.com/releases/noble/release/ubuntu-24.04-server-cloudimg-amd64.img",
    },
    at: "homelab:versions.image.url",
    says: /whatever is newest/,
  },
  "an image whose ending stands behind a question mark, where its file has no name": {
    edit: { "versions.image.url": "https://example.org/download?file=debian-13.qcow2" },
    at: "homelab:versions.image.url",
    says: /name a \.qcow2/,
  },
  "an image without a checksum": {
    edit: { "versions.image.sha512": undefined },
    at: "homelab:versions.image.sha512",
    says: /is missing; take it from SHA512SUMS .*or write the sha256/,
  },
  "an image with a short checksum": {
    edit: { "versions.image.sha512": "abc" },
    at: "homelab:versions.image.sha512",
    says: /128 hex/,
  },
  "an image with two checksums": {
    edit: { "versions.image.sha256": "a".repeat(64) },
    at: "homelab:versions.image.sha256",
    says: /remove one of them/,
  },
  "an image for another processor": {
    edit: {
      "versions.image.url":
        "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-genericcloud-arm64-20261001-2618.qcow2",
    },
    at: "homelab:versions.image.url",
    says: /is for arm64, .*use https:.*debian-13-genericcloud-amd64-20261001-2618\.qcow2, with its/,
  },
  "an image that cloud-init is not in": {
    edit: {
      "versions.image.url":
        "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-nocloud-amd64-20261001-2618.qcow2",
    },
    at: "homelab:versions.image.url",
    says: /has no cloud-init.*genericcloud/,
  },
  "a release without its RKE2 part": {
    edit: { "versions.rke2": "v1.35.4" },
    at: "homelab:versions.rke2",
    says: /such as v1\.36\.3\+rke2r1/,
  },
  "an RKE2 release of another form": {
    edit: { "versions.rke2": "1.35" },
    at: "homelab:versions.rke2",
    says: /v1\.36\.3\+rke2r1/,
  },
  "an RKE2 release that skips a setting": {
    edit: { "versions.rke2": "v1.33.3+rke2r1" },
    at: "homelab:versions.rke2",
    says: /skips what it does not know; use v1\.33\.4\+rke2r1 or newer/,
  },
  "an RKE2 release of years ago": {
    edit: { "versions.rke2": "v1.28.15+rke2r1" },
    at: "homelab:versions.rke2",
    says: /use v1\.31\.12\+rke2r1 or newer/,
  },
  "a Cilium that is older than what is written for it": {
    edit: { "versions.cilium": "1.18.4" },
    at: "homelab:versions.cilium",
    says: /use 1\.19 or newer/,
  },
  "a cloudflared release of another form": {
    edit: { "versions.cloudflared": "latest" },
    at: "homelab:versions.cloudflared",
    says: /such as 2026\.8\.2/,
  },
  "a Tailscale release of another form": {
    edit: { "versions.tailscale": "v1.102" },
    at: "homelab:versions.tailscale",
    says: /such as 1\.102\.3/,
  },
  "an operator's chart of the tailnet whose kinds are not pinned": {
    edit: { "versions.tailscaleOperator": "1.103.0" },
    at: "homelab:versions.tailscaleOperator",
    says: /checksums of its operator's kinds are not known for 1\.103\.0; known are 1\.102\.3/,
  },
  "an edge without its cloudflared": {
    edit: { "versions.cloudflared": undefined },
    at: "homelab:versions.cloudflared",
    says: /is missing; homelab:edge needs it/,
  },
  "a tailnet without its release": {
    edit: { "versions.tailscale": undefined },
    at: "homelab:versions.tailscale",
    says: /is missing; homelab:tailnet needs it/,
  },
  "a tailnet without its operator's chart": {
    edit: { "versions.tailscaleOperator": undefined },
    at: "homelab:versions.tailscaleOperator",
    says: /is missing; homelab:tailnet needs it/,
  },
};
