/** The lab's control API: HTTP on a Unix socket that only the lab's owner can reach. */
import { once } from "node:events";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import fastify, { type FastifyInstance } from "fastify";
import type { FaultRegistry } from "../world/fault-registry.ts";
import type { Mailbox } from "../world/mailbox.ts";
import type { HostChange } from "../world/host-conditions.ts";
import {
  clockSetting,
  diskSetting,
  hostSetting,
  routerSetting,
  timeSetting,
  tokenSetting,
  type RouterChange,
} from "./machine-settings.ts";
import type { Startup } from "./startup.ts";
import type { LabStatus, ReadyLine } from "./status.ts";

/** What the API can ask of the lab. */
export interface Controlled {
  readonly faults: FaultRegistry;
  readonly mailbox: Mailbox;
  status(): Promise<LabStatus>;
  /** Cuts a machine's power. */
  kill(vmid: number): Promise<void>;
  /** Switches a machine on, by its host's API. */
  start(vmid: number): Promise<void>;
  /** Fills a machine's root disk. */
  setDiskUse(vmid: number, usedPercent: number): Promise<void>;
  /** Moves a machine's clock. */
  setClock(vmid: number, offsetSeconds: number): Promise<void>;
  /** Lets so many days pass; gives the stacks' exported states dated back by as many. */
  passTime(
    days: number,
    states: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>>;
  /** Changes how a Proxmox host is. */
  setHost(host: string, change: HostChange): Promise<void>;
  /** Changes how a site's router filters. */
  setRouter(site: string, change: RouterChange): Promise<void>;
  /** Gives Proxmox's token VM.Audit on these paths alone. */
  lookAt(paths: readonly string[]): void;
  /** Ends machines and services in good order; the process ends after the answer. */
  stop(): Promise<void>;
}

/** Serves the control API. Until the start-up has ended everything but `/ready` answers 503. */
export async function serveControl(
  socket: string,
  startup: Startup,
  lab: Controlled,
): Promise<FastifyInstance> {
  const server = fastify({ forceCloseConnections: true });
  await rm(`${socket}.new`, { force: true });

  server.get("/ready", (_request, reply) =>
    reply.type("application/x-ndjson").send(Readable.from(readyLines(startup))),
  );
  server.addHook("onRequest", async (request, reply) => {
    if (startup.state !== "ready" && !["/ready", "/stop"].includes(request.url)) {
      await reply.code(503).send({ error: `the lab is not ready: ${startup.step}` });
    }
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: error.message }),
  );

  server.get("/status", () => lab.status());
  server.get("/faults", () => lab.faults.list());
  server.post("/faults", (request, reply) => {
    try {
      return lab.faults.add(request.body);
    } catch (error) {
      return reply.code(400).send({ error: (error as Error).message });
    }
  });
  server.delete<{ Querystring: { service?: string } }>("/faults", (request) => {
    lab.faults.clear(request.query.service);
    return lab.faults.list();
  });
  server.delete<{ Params: { id: string } }>("/faults/:id", (request, reply) =>
    lab.faults.remove(Number(request.params.id))
      ? lab.faults.list()
      : reply.code(404).send({ error: `there is no fault ${request.params.id} in force` }),
  );
  server.get<{ Querystring: { to?: string } }>("/mail", (request) =>
    lab.mailbox.list(request.query.to),
  );
  server.post<{ Params: { vmid: string } }>("/machines/:vmid/kill", async (request) => {
    await lab.kill(Number(request.params.vmid));
    return {};
  });
  server.post<{ Params: { vmid: string } }>("/machines/:vmid/start", async (request) => {
    await lab.start(Number(request.params.vmid));
    return {};
  });
  server.put<{ Params: { vmid: string } }>("/machines/:vmid/disk", async (request) => {
    const { usedPercent } = diskSetting(request.body);
    await lab.setDiskUse(Number(request.params.vmid), usedPercent);
    return {};
  });
  server.put<{ Params: { vmid: string } }>("/machines/:vmid/clock", async (request) => {
    const { offsetSeconds } = clockSetting(request.body);
    await lab.setClock(Number(request.params.vmid), offsetSeconds);
    return {};
  });
  server.post("/time", { bodyLimit: 256 << 20 }, async (request) => {
    const { days, states } = timeSetting(request.body);
    return { states: await lab.passTime(days, states) };
  });
  server.put<{ Params: { name: string } }>("/hosts/:name", async (request) => {
    await lab.setHost(request.params.name, hostSetting(request.body));
    return {};
  });
  server.put<{ Params: { site: string } }>("/routers/:site", async (request) => {
    await lab.setRouter(request.params.site, routerSetting(request.body));
    return {};
  });
  server.put("/token", (request) => {
    lab.lookAt(tokenSetting(request.body).vmAudit);
    return {};
  });
  server.post("/stop", async () => {
    await lab.stop();
    return {};
  });

  // A socket has its name before it listens: it gets the one that clients wait for afterwards.
  await server.listen({ path: `${socket}.new` });
  await rename(`${socket}.new`, socket);
  return server;
}

async function* readyLines(startup: Startup): AsyncGenerator<string> {
  const line = (value: ReadyLine): string => `${JSON.stringify(value)}\n`;
  for (;;) {
    if (startup.state === "ready") {
      yield line({ ready: true });
      return;
    }
    if (startup.state === "failed") {
      yield line({ error: startup.step });
      return;
    }
    yield line({ step: startup.step });
    await once(startup, "change");
  }
}
