/** Whether everything that an up downloads is there: image, RKE2, charts, tailscale. */
import { releaseUrl } from "../../components/rke2/config.ts";
import type { SiteConfig } from "../../stacks/schema.ts";
import { ask as askHttp, type Fetch } from "./ask.ts";
import { reasonOf, type Check } from "./check.ts";
import { ok, problem, warning, type Finding } from "./finding.ts";

/** One download. */
export interface Release {
  readonly subject: string;
  readonly url: string;
  /** What its text must hold, by what to say when it does not; without it the address only has to exist. */
  readonly holds?: { readonly pattern: RegExp; readonly otherwise: string };
  /** Config path to correct. */
  readonly path: string;
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A chart's index names the version below the chart: https://helm.sh/docs/topics/chart_repository/ */
function chart(repository: string, name: string, version: string, path: string): Release {
  return {
    subject: `chart ${name} ${version}`,
    url: `${repository}/index.yaml`,
    // Files are called NAME-VERSION.tgz in every repository that the site uses.
    holds: {
      pattern: new RegExp(`\\b${literal(name)}-${literal(version)}\\.tgz`),
      otherwise: `the repository has no version ${version}`,
    },
    path,
  };
}

/** Everything that the site's config makes it download. Container images are left to the nodes' registries. */
export function releasesOf({
  proxmox,
  cluster,
  network,
  tailnet,
}: Pick<SiteConfig, "proxmox" | "cluster" | "network" | "tailnet">): readonly Release[] {
  const { url, sha512 } = proxmox.image;
  const file = url.slice(url.lastIndexOf("/") + 1);
  const downloads = "https://pkgs.tailscale.com";
  return [
    { subject: "cloud image", url, path: "homelab:proxmox.image.url" },
    {
      subject: "cloud image's checksum",
      url: new URL("SHA512SUMS", url).href,
      holds: {
        pattern: new RegExp(`^${sha512} [ *]${literal(file)}$`, "m"),
        otherwise: `the list has another checksum for ${file}, or none`,
      },
      path: "homelab:proxmox.image.sha512",
    },
    {
      subject: `RKE2 ${cluster.version}`,
      url: `${releaseUrl(cluster.version)}/sha256sum-amd64.txt`,
      holds: {
        pattern: / {2}rke2\.linux-amd64\.tar\.gz$/m,
        otherwise: "its list names no rke2.linux-amd64.tar.gz",
      },
      path: "homelab:cluster.version",
    },
    chart("https://helm.cilium.io", "cilium", network.cilium, "homelab:network.cilium"),
    ...(tailnet === undefined
      ? []
      : [
          {
            subject: `tailscale ${tailnet.version}`,
            url: `${downloads}/stable/tailscale_${tailnet.version}_amd64.tgz.sha256`,
            path: "homelab:tailnet.version",
          },
          chart(
            `${downloads}/helmcharts`,
            "tailscale-operator",
            tailnet.operator.chart,
            "homelab:tailnet.operator.chart",
          ),
        ]),
  ];
}

/** Judges one download by its answer. */
export function judgeRelease(release: Release, status: number, text: string): Finding {
  const { subject, url, holds, path } = release;
  if (status === 404) return problem(subject, `${url} does not exist`, `correct ${path}`);
  if (status >= 300) {
    return warning(subject, `${url} answers ${status}`, "run the doctor again in a while");
  }
  if (holds !== undefined && !holds.pattern.test(text)) {
    return problem(subject, `${holds.otherwise} (${url})`, `correct ${path}`);
  }
  return ok(subject, "is there");
}

/** Asks for each: lists are read, files only looked at. */
export function releaseChecks(
  config: Parameters<typeof releasesOf>[0],
  ask: Fetch = askHttp,
): Check[] {
  return releasesOf(config).map((release) => ({
    subject: release.subject,
    run: async () => {
      const { url, subject, holds } = release;
      try {
        const { status, text } = await ask(url, { method: holds === undefined ? "HEAD" : "GET" });
        return [judgeRelease(release, status, text)];
      } catch (error) {
        const { host } = new URL(url);
        return [
          problem(
            subject,
            `${host} cannot be reached: ${reasonOf(error)}`,
            "check this workstation's DNS and way out; the machines need the same",
          ),
        ];
      }
    },
  }));
}
