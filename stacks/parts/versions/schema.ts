import { z } from "zod";

const release = (form: RegExp, example: string, about: string): z.ZodString =>
  z
    .string()
    .regex(form, `use a release such as ${example}`)
    .meta({
      description: about,
      examples: [example],
    });

const three = /^\d+\.\d+\.\d+$/;

/** The image that every machine starts from. */
const image = z
  .strictObject({
    url: z
      .url({ protocol: /^https$/, error: "use an https address" })
      .regex(/\.(qcow2|img|raw)$/, "name a .qcow2, .img or .raw file")
      .meta({
        description: "Cloud image (Debian genericcloud); name a dated build, not `latest`",
        examples: [
          "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-genericcloud-amd64-20261001-2618.qcow2",
        ],
      }),
    sha512: z
      .string()
      .regex(/^[0-9a-f]{128}$/, "use the 128 hex digits that SHA512SUMS lists beside the image")
      .meta({
        description: "SHA-512 of the file, from SHA512SUMS beside it",
        examples: [
          "f46f0671a6e5bdec5291ab8972bae2f10e5408c2f64a74078f11efc2f06a436a9d0313ed50e0472542eeabf780e9f7c792ac0a314c6c20507fcd9fd81b468c3d",
        ],
      }),
  })
  .describe("The image that every machine starts from");

/** Every version that the site runs, in one block that renovate.json knows line by line. */
export const versions = z
  .strictObject({
    rke2: z
      .string()
      .regex(
        /^v1\.\d+\.\d+\+rke2r\d+$/,
        "use a release of github.com/rancher/rke2 such as v1.35.4+rke2r1",
      )
      .meta({ description: "RKE2 release", examples: ["v1.35.4+rke2r1"] }),
    kubeVip: release(/^v\d+\.\d+\.\d+$/, "v1.0.4", "kube-vip release"),
    cilium: release(/^1\.\d+\.\d+$/, "1.19.6", "Cilium chart"),
    tailscale: release(
      three,
      "1.102.3",
      "Tailscale on the machines; needed with `homelab:tailnet`",
    ).optional(),
    tailscaleOperator: release(
      three,
      "1.102.3",
      "tailscale-operator chart; needed with `homelab:tailnet`",
    ).optional(),
    cloudflared: release(
      /^\d{4}\.\d{1,2}\.\d+$/,
      "2025.11.1",
      "cloudflared; needed with `homelab:edge`",
    ).optional(),
    image,
  })
  .describe("Versions of what the site runs; applications have theirs with them");

export type Versions = z.infer<typeof versions>;
