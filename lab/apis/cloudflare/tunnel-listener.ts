/** Where cloudflareds connect, and which of them serve which tunnel. */
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Faults } from "../../world/faults.ts";
import type { RequestLog } from "../web/request-log.ts";
import type { IngressRule } from "./ingress-rules.ts";
import {
  readRegistration,
  refusal,
  tunnelEdge,
  type Registration,
  type RegistrationAnswer,
} from "./tunnel-protocol.ts";
import { TunnelSession } from "./tunnel-session.ts";
import type { CloudflareWorld, TunnelConnections } from "./world.ts";

export interface TunnelListenerOptions {
  readonly tls: { readonly cert: string; readonly key: string };
  readonly world: () => CloudflareWorld;
  readonly faults?: Faults;
  readonly log: RequestLog;
}

interface Configuration {
  readonly version: number;
  readonly text: string;
  readonly ingress: readonly IngressRule[];
}

export class TunnelListener implements TunnelConnections {
  readonly #options: TunnelListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Set<TunnelSession>();
  readonly #configurations = new Map<string, Configuration>();
  #unfollow: (() => void) | undefined;
  #turn = 0;

  constructor(options: TunnelListenerOptions) {
    this.#options = options;
    this.#server = createServer({ ...options.tls, minVersion: "TLSv1.2" }, (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      // A peer that vanishes is seen by its closing.
      socket.on("error", () => socket.destroy());
      this.#register(socket).catch((error: unknown) => {
        options.log(`${tunnelEdge} tunnel refused: ${(error as Error).message}`);
        socket.destroy();
      });
    });
  }

  /** Resolves to the port. */
  async listen(address: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject).listen(port, address, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#unfollow?.();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  count(tunnelId: string): number {
    return this.#of(tunnelId).length;
  }

  /** A connection of the tunnel, each time the next one; `not` is passed over. */
  pick(tunnelId: string, not?: TunnelSession): TunnelSession | undefined {
    const candidates = this.#of(tunnelId).filter((session) => session !== not && session.usable);
    this.#turn += 1;
    return candidates[this.#turn % candidates.length];
  }

  #of(tunnelId: string): TunnelSession[] {
    return [...this.#sessions].filter(({ registration }) => registration.t === tunnelId);
  }

  async #register(socket: TLSSocket): Promise<void> {
    const asked = await readRegistration(socket);
    const fault = await this.#options.faults?.consult("cloudflare.edge", {
      method: "TUNNEL",
      path: `/${asked.t}`,
      host: tunnelEdge,
    });
    if (typeof fault === "string") {
      if (fault !== "hang") socket.destroy();
      return;
    }
    if (fault !== undefined) return this.#refuse(socket, asked, fault.body, true);
    const world = this.#world();
    if (world === undefined) return this.#refuse(socket, asked, "not ready", true);
    const reason = refusal(world, asked);
    if (reason !== undefined) return this.#refuse(socket, asked, reason, false);
    const connection = randomUUID();
    await answer(socket, { ok: true, connection, location: "lab01" });
    const session = new TunnelSession(asked, socket, () => {
      this.#sessions.delete(session);
      this.#log(asked, "disconnected");
    });
    this.#log(asked, `connected, cloudflared ${asked.version}`);
    await this.#configure(session, this.#configuration(world, asked.t));
    // Visitors come once the rules are there.
    if (session.usable) this.#sessions.add(session);
    this.#follow();
  }

  async #refuse(
    socket: TLSSocket,
    asked: Registration,
    error: string,
    retry: boolean,
  ): Promise<void> {
    this.#log(asked, `refused: ${error}`);
    await answer(socket, { ok: false, error, retry });
    socket.end();
  }

  /** The API starts after the edge; a cloudflared that comes in between is told to come again. */
  #world(): CloudflareWorld | undefined {
    try {
      const world = this.#options.world();
      this.#unfollow ??= world.onChange(() => this.#follow());
      return world;
    } catch {
      return undefined;
    }
  }

  /** Brings every connection to what the API says now. */
  #follow(): void {
    const world = this.#world();
    if (world === undefined) return;
    for (const session of this.#sessions) {
      const { registration } = session;
      const reason = refusal(world, registration);
      if (reason !== undefined) {
        this.#log(registration, `cut off: ${reason}`);
        session.destroy();
        continue;
      }
      const now = this.#configuration(world, registration.t);
      if (now.version !== session.configured) void this.#configure(session, now);
    }
  }

  /** The tunnel's rules with a version that grows whenever they change. */
  #configuration(world: CloudflareWorld, tunnelId: string): Configuration {
    const ingress = world.tunnel(tunnelId)?.ingress ?? [];
    const text = JSON.stringify(ingress);
    const before = this.#configurations.get(tunnelId);
    if (before?.text === text) return before;
    const configuration = { version: (before?.version ?? 0) + 1, text, ingress };
    this.#configurations.set(tunnelId, configuration);
    return configuration;
  }

  async #configure(session: TunnelSession, configuration: Configuration): Promise<void> {
    const { version, ingress } = configuration;
    try {
      const complaint = await session.configure(version, ingress);
      this.#log(session.registration, `configuration ${version} ${complaint ?? "in use"}`);
    } catch (error) {
      this.#log(session.registration, `configuration ${version} lost: ${(error as Error).message}`);
      session.destroy();
    }
  }

  #log(registration: Registration, what: string): void {
    this.#options.log(`${tunnelEdge} tunnel ${registration.t} ${registration.connector} ${what}`);
  }
}

/** Resolves once nothing of the line is left to write: HTTP/2 takes over the bare socket. */
async function answer(socket: TLSSocket, line: RegistrationAnswer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.write(`${JSON.stringify(line)}\n`, (error) => {
      if (error == null) resolve();
      else reject(error);
    });
  });
  await setImmediate();
}
