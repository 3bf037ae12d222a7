import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { cloudImages, rke2Version, tailscaleVersion } from "../world/inventory.ts";
import { noFaults, type Faults } from "../world/faults.ts";
import {
  chartOffers,
  chartRepositories,
  chartsOf,
  hostOf,
  type ChartSources,
} from "./mirrors/charts.ts";
import { cloudImageOffers, type CloudImage } from "./mirrors/cloud-images.ts";
import type { MirroredThing, Offer, OffersOf } from "./mirrors/offer.ts";
import { rke2Offers } from "./mirrors/rke2-releases.ts";
import { tailscaleOffers } from "./mirrors/tailscale-releases.ts";
import type { Download } from "./proxmox/site.ts";
import { openRequestLog } from "./request-log.ts";

/** The stand-in internet: what it serves and where. */
export interface MirrorsOptions {
  /** Address that every mirrored name resolves to. */
  readonly address: string;
  /** Default 443; 0 takes any free port. */
  readonly port?: number;
  /** Certificate for every mirrored name, and its key, PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** The stand-in `rke2`. */
  readonly rke2Binary: string;
  /** The stand-in `tailscale` and `tailscaled`, one program. */
  readonly tailscaleBinary: string;
  /** The lab's charts, one folder each. Default: `lab/charts`. */
  readonly chartsSource?: string;
  /** Real packaged charts (`HOMELAB_CHARTS`); these win over the lab's. */
  readonly chartsDir?: string;
  /** Where built archives are kept. */
  readonly cacheDir: string;
  /** Default: the datacentre's. */
  readonly images?: readonly CloudImage[];
  readonly faults?: Faults;
  readonly logFile?: string;
}

/** The running mirrors. */
export interface Mirrors {
  readonly port: number;
  /** The same content without a connection. Rejects with a text for people when there is none. */
  download(url: string): Promise<Download>;
  /** Which charts are real and which are the lab's. */
  inUse(): readonly MirroredThing[];
  close(): Promise<void>;
}

const labCharts = fileURLToPath(new URL("../charts", import.meta.url));

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
  const log = openRequestLog(options.logFile);
  const app = Fastify({
    https: { ...options.tls, minVersion: "TLSv1.2" },
    forceCloseConnections: true,
  });
  app.addHook("onResponse", async (request, reply) => {
    log(`${request.hostname} ${request.method} ${request.url} ${reply.statusCode}`);
  });
  app.setNotFoundHandler((request, reply) => reply.code(404).type("text/plain").send("Not Found"));
  app.route({
    method: ["GET", "HEAD"],
    url: "/*",
    handler: (request, reply) => serve(hosts, options.faults ?? noFaults, request, reply),
  });
  await app.listen({ host: options.address, port: options.port ?? 443 });
  return {
    port: (app.server.address() as AddressInfo).port,
    download: (url) => download(hosts, url),
    inUse: () =>
      Object.keys(chartRepositories).flatMap((repository) =>
        chartsOf(repository, chartSources(options)).map(({ thing }) => thing),
      ),
    close: () => app.close(),
  };
}

function offersByHost(options: MirrorsOptions): ReadonlyMap<string, OffersOf> {
  const images = options.images ?? cloudImages;
  const { rke2Binary, tailscaleBinary, cacheDir } = options;
  const rke2 = { version: rke2Version, binary: rke2Binary, files: releaseFiles, cacheDir };
  const tailscale = {
    ...{ version: tailscaleVersion, binary: tailscaleBinary, unitFiles: tailscaleUnits, cacheDir },
  };
  const list: (readonly [host: string, OffersOf])[] = [
    ...new Set(images.map(({ url }) => new URL(url).hostname))
      .values()
      .map((host) => [host, cloudImageOffers(host, images)] as const),
    ["github.com", rke2Offers(rke2)],
    ["pkgs.tailscale.com", tailscaleOffers(tailscale)],
    ...Object.keys(chartRepositories).map(
      (repository) => [hostOf(repository), chartOffers(repository, chartSources(options))] as const,
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

async function serve(
  hosts: ReadonlyMap<string, OffersOf>,
  faults: Faults,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const path = decodeURIComponent(request.url.split("?")[0] ?? "");
  const fault = await faults.consult("mirrors", {
    method: request.method,
    path,
    host: request.hostname,
  });
  if (fault === "cut" || fault === "lose") {
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }
  if (fault !== undefined) return reply.code(fault.status).type("text/plain").send(fault.body);
  const offer = await hosts.get(request.hostname)?.(path);
  if (offer === undefined) return reply.code(404).type("text/plain").send("Not Found");
  return sendOffer(offer, request, reply);
}

async function sendOffer(
  offer: Offer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const length = "body" in offer ? offer.body.length : (await stat(offer.file)).size;
  reply.type(offer.type).header("content-length", length);
  if (request.method === "HEAD") return reply.send();
  return reply.send("body" in offer ? offer.body : createReadStream(offer.file));
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
