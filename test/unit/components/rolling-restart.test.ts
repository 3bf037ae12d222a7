import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { Power } from "../../../components/proxmox/power.ts";
import { parameterValues } from "../../../components/remote/shell.ts";
import { NoConnection } from "../../../components/remote/ssh.ts";
import { RollingRestart, type Restarted } from "../../../components/rke2/rolling-restart.ts";

const machine = (name: string, vmId: number, role: "server" | "agent" = "server"): Restarted => ({
  name,
  vmId,
  role,
  address: `192.168.1.${vmId}`,
});
const stone = machine("stone", 121);
const tank = machine("tank", 122);
const titan = machine("titan", 123);
const vault = machine("vault", 124, "agent");

/** Machines that run, and what was done to them, in order. */
class World {
  readonly done: string[] = [];
  readonly off = new Set<number>();
  readonly silent = new Set<string>();
  /** What fails: `leave tank`, `shutDown 122`. */
  readonly failing = new Set<string>();
  readonly servers: readonly Restarted[];

  constructor(servers: readonly Restarted[] = [stone, tank, titan]) {
    this.servers = servers;
  }

  readonly power: Power = {
    state: (vmId) =>
      Promise.resolve({ host: "h", status: this.off.has(vmId) ? "stopped" : "running" }),
    pending: () => Promise.resolve([]),
    shutDown: (vmId) => this.#do(`shutDown ${vmId}`, () => this.off.add(vmId)),
    start: (vmId) => this.#do(`start ${vmId}`, () => this.off.delete(vmId)),
    reboot: (vmId) => this.#do(`reboot ${vmId}`),
  };

  restarts(founded = true): RollingRestart {
    return new RollingRestart({
      servers: this.servers,
      power: this.power,
      founded,
      awaitSsh: ({ name }) => this.#do(`ssh ${name}`),
      run: async (address, script) => {
        const at = this.servers.find((server) => server.address === address)!.name;
        if (this.silent.has(at)) throw new NoConnection("no route to host");
        const { MODE, NODE } = parameterValues(script);
        await this.#do(`${MODE} ${NODE} on ${at}`);
        return "";
      },
    });
  }

  async #do(what: string, effect: () => unknown = () => undefined): Promise<void> {
    this.done.push(what);
    await turn();
    if ([...this.failing].some((failing) => what.startsWith(failing)))
      throw new Error(`${what} failed`);
    effect();
  }
}

const quiet = (): void => undefined;

describe("restarts of a site's machines", () => {
  it("take turns: the next leaves once the one before it is well", async () => {
    const world = new World();
    const restarts = world.restarts();
    const one = async (which: Restarted): Promise<void> => {
      await restarts.leave(which, quiet);
      world.off.delete(which.vmId);
      await restarts.back(which, quiet);
    };
    await Promise.all([one(stone), one(vault), one(tank)]);
    assert.deepEqual(world.done, [
      ...["leave stone on tank", "shutDown 121", "ssh stone", "back stone on tank"],
      ...["leave vault on stone", "shutDown 124", "ssh vault", "back vault on stone"],
      ...["leave tank on stone", "shutDown 122", "ssh tank", "back tank on stone"],
    ]);
  });

  it("ask the first other server that answers, and refuse where none does", async () => {
    const world = new World();
    world.silent.add("stone");
    await world.restarts().leave(tank, quiet);
    assert.equal(world.done[0], "leave tank on titan");
    world.silent.add("titan");
    world.off.clear();
    await assert.rejects(
      world.restarts().leave(tank, quiet),
      /tank is not restarted, because no other server answers on SSH \(stone: no route to host; titan/,
    );
    assert.equal(world.done.length, 2);
  });

  it("ask nobody in vain before there is a cluster: a wrong address can be put right", async () => {
    const world = new World();
    for (const { name } of world.servers) world.silent.add(name);
    const restarts = world.restarts(false);
    for (const each of [stone, vault]) {
      await restarts.leave(each, quiet);
      world.off.delete(each.vmId);
      await restarts.back(each, quiet);
    }
    assert.deepEqual(world.done, ["shutDown 121", "shutDown 124"]);
  });

  it("let an only server look after itself", async () => {
    const world = new World([stone]);
    await world.restarts().restart(stone, quiet);
    assert.deepEqual(world.done, [
      "leave stone on stone",
      "reboot 121",
      "ssh stone",
      "back stone on stone",
    ]);
  });

  it("leave a machine alone that is off already", async () => {
    const world = new World();
    world.off.add(122);
    await world.restarts().leave(tank, quiet);
    assert.deepEqual(world.done, []);
  });

  it("begin with those that a killed run has left off, whatever the order in which they come", async () => {
    const world = new World();
    world.off.add(123);
    const restarts = world.restarts();
    const one = async (which: Restarted): Promise<void> => {
      await restarts.leave(which, quiet);
      // As the provider does.
      await world.power.start(which.vmId);
      await restarts.back(which, quiet);
    };
    await Promise.all([one(stone), one(titan), one(vault)]);
    assert.deepEqual(world.done, [
      ...["start 123", "ssh titan", "back titan on stone"],
      ...["leave stone on tank", "shutDown 121", "start 121", "ssh stone", "back stone on tank"],
      ...["leave vault on stone", "shutDown 124", "start 124", "ssh vault", "back vault on stone"],
    ]);
  });

  it("stop where one that was left off does not come back well", async () => {
    const world = new World();
    world.off.add(123);
    world.failing.add("back titan");
    const restarts = world.restarts();
    await restarts.leave(titan, quiet);
    const next = assert.rejects(restarts.leave(stone, quiet), /titan is not well/);
    await assert.rejects(restarts.back(titan, quiet));
    await next;
    assert.ok(!world.done.some((what) => what.startsWith("leave")), world.done.join());
  });

  it("let pods in again, and stop all others, when a guest does not shut down", async () => {
    const world = new World();
    world.failing.add("shutDown 122");
    const restarts = world.restarts();
    const [first, second] = await Promise.allSettled([
      restarts.leave(tank, quiet),
      restarts.leave(titan, quiet),
    ]);
    assert.match(String((first as PromiseRejectedResult).reason), /tank did not shut down/);
    assert.match(
      String((second as PromiseRejectedResult).reason),
      /tank is not well, so no other machine restarts/,
    );
    assert.deepEqual(world.done, ["leave tank on stone", "shutDown 122", "stay tank on stone"]);
  });

  it("stop all others when a machine does not come back well", async () => {
    const world = new World();
    world.failing.add("back tank");
    const restarts = world.restarts();
    await restarts.leave(tank, quiet);
    const next = assert.rejects(restarts.leave(titan, quiet), /tank is not well/);
    await assert.rejects(restarts.back(tank, quiet));
    await next;
    assert.ok(!world.done.includes("shutDown 123"));
  });

  it("start a machine again whose change failed while it was off", async () => {
    const world = new World();
    const restarts = world.restarts();
    await restarts.leave(tank, quiet);
    await restarts.failed(tank, quiet);
    assert.deepEqual(world.done.slice(2), ["start 122", "ssh tank", "back tank on stone"]);
    await restarts.failed(titan, quiet);
    assert.equal(world.done.length, 5);
  });
});
