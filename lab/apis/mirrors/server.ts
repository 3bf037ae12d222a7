import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { cloudImages, rke2Versions, tailscaleVersion } from "../../world/inventory.ts";
import type { Download } from "../proxmox/site.ts";
import { text, WebError, type Answer, type WebRequest } from "../web/exchange.ts";
import { openWeb, type Web, type WebOptions } from "../web/server.ts";
import { registryHost, registryOffers } from "./chart-registries.ts";
import {
  chartOffers,
  chartRegistries,
  chartRepositories,
  chartsOf,
  hostOf,
  type ChartSources,
} from "./charts.ts";
import { cloudImageOffers, type CloudImage } from "./cloud-images.ts";
import type { MirroredThing, OffersOf } from "./offer.ts";
import { repositoryOffers } from "./repositories.ts";
import { rke2Offers } from "./rke2-releases.ts";
import { tailscaleOffers } from "./tailscale-releases.ts";

/** The stand-in internet: what it serves and where. */
export interface MirrorsOptions extends WebOptions {
  /** The stand-in `rke2`. */
  readonly rke2Binary: string;
  /** The stand-in `tailscale` and `tailscaled`, one program. */
  readonly tailscaleBinary: string;
  /** Files of repositories at REPOSITORY/TAG/PATH. */
  readonly repositories: string;
  /** The lab's charts, one folder each. Default: `lab/charts`. */
  readonly chartsSource?: string;
  /** Real packaged charts (`HOMELAB_CHARTS`); these win over the lab's. */
  readonly chartsDir?: string;
  /** Where built archives are kept. */
  readonly cacheDir: string;
  /** Default: the datacentre's. */
  readonly images?: readonly CloudImage[];
}

/** The running mirrors. */
export interface Mirrors extends Web {
  /** The same content without a connection. Rejects with a text for people when there is none. */
  download(url: string): Promise<Download>;
  /** Which charts are real and which are the lab's. */
  inUse(): readonly MirroredThing[];
}

const labCharts = fileURLToPath(new URL("../../charts", import.meta.url));

/** Units and scripts of the release, beside this file. */
const releaseFiles = fileURLToPath(new URL("rke2-release", import.meta.url));
const tailscaleUnits = fileURLToPath(new URL("tailscale-release/systemd", import.meta.url));

/**
 * Serves the download hosts over HTTPS, told apart by the Host header; what they do not have is
 * answered with 404. Ranges are not served.
 * @throws when the address cannot be listened at.
 */
export async function createMirrors(options: MirrorsOptions): Promise<Mirrors> {
  const hosts = offersByHost(options);
  const web = await openWeb(
    {
      name: "mirrors",
      routes: [{ method: ["GET", "HEAD"], url: "/*", handle: (request) => serve(hosts, request) }],
      address: (path, host) => ({ host, path: decodeURIComponent(path) }),
      notFound,
      answerError: ({ message }) => text(message),
    },
    options,
  );
  return {
    ...web,
    download: (url) => download(hosts, url),
    inUse: () =>
      Object.keys({ ...chartRepositories, ...chartRegistries }).flatMap((repository) =>
        chartsOf(repository, chartSources(options)).map(({ thing }) => thing),
      ),
  };
}

function offersByHost(options: MirrorsOptions): ReadonlyMap<string, OffersOf> {
  const images = options.images ?? cloudImages;
  const { rke2Binary, tailscaleBinary, cacheDir } = options;
  const rke2 = { versions: rke2Versions, binary: rke2Binary, files: releaseFiles, cacheDir };
  const tailscale = {
    ...{ version: tailscaleVersion, binary: tailscaleBinary, unitFiles: tailscaleUnits, cacheDir },
  };
  const list: (readonly [host: string, OffersOf])[] = [
    ...new Set(images.map(({ url }) => new URL(url).hostname))
      .values()
      .map((host) => [host, cloudImageOffers(host, images)] as const),
    ["github.com", rke2Offers(rke2)],
    ["pkgs.tailscale.com", tailscaleOffers(tailscale)],
    ["raw.githubusercontent.com", repositoryOffers(options.repositories)],
    ...Object.keys(chartRepositories).map(
      (repository) => [hostOf(repository), chartOffers(repository, chartSources(options))] as const,
    ),
    ...Object.keys(chartRegistries).map(
      (registry) =>
        [registryHost(registry), registryOffers(registry, chartSources(options))] as const,
    ),
  ];
  const hosts = new Map<string, OffersOf>();
  for (const [host, offers] of list) hosts.set(host, eitherOf(hosts.get(host), offers));
  return hosts;
}

/** What the first offers, else what the second does: a host may hold several things. */
function eitherOf(first: OffersOf | undefined, second: OffersOf): OffersOf {
  return first === undefined ? second : async (path) => (await first(path)) ?? second(path);
}

function chartSources({ chartsSource = labCharts, chartsDir }: MirrorsOptions): ChartSources {
  return { chartsSource, chartsDir };
}

const notFound = (): WebError => new WebError(404, "Not Found");

async function serve(hosts: ReadonlyMap<string, OffersOf>, asked: WebRequest): Promise<Answer> {
  const offer = await hosts.get(asked.host)?.(decodeURIComponent(asked.path));
  if (offer === undefined) throw notFound();
  if ("body" in offer)
    return { headers: { ...offer.headers, "content-type": offer.type }, body: offer.body };
  const { file, type } = offer;
  const { size } = await stat(file);
  const headers = { "content-type": type, "content-length": size };
  return { headers, body: () => createReadStream(file) };
}

async function download(hosts: ReadonlyMap<string, OffersOf>, url: string): Promise<Download> {
  const { hostname, pathname } = new URL(url);
  const offers = hosts.get(hostname);
  if (offers === undefined)
    throw new Error(
      `${url}: could not resolve host '${hostname}': the lab mirrors ${[...hosts.keys()].join(", ")}`,
    );
  const offer = await offers(decodeURIComponent(pathname));
  if (offer === undefined) throw new Error(`${url}: 404 Not Found`);
  if ("body" in offer) return offer;
  return { body: await readFile(offer.file) };
}
