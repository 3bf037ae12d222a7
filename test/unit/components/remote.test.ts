import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import fc from "fast-check";
import { probeHostKey, type ProbeResult } from "../../../components/remote/host-key-probe.ts";
import { packet } from "../../../components/remote/ssh-packets.ts";
import { commandText } from "../../../components/remote/remote-step.ts";
import { quote, scriptInput, stepScript } from "../../../components/remote/shell.ts";
import { waitForSsh, type WaitDeps } from "../../../components/remote/ssh-wait.ts";

const target = {
  machine: "proxmox-stone",
  host: "192.168.1.21",
  port: 22,
  hostKey: "ssh-ed25519 GOOD stone",
  limitSeconds: 60,
};

/** A clock that the pauses of a wait move on, and answers in order; the last one repeats. */
function clock(
  answers: readonly ProbeResult[],
): WaitDeps & { readonly told: string[]; probes: number } {
  let now = 0;
  const deps = {
    told: [] as string[],
    probes: 0,
    probe: () => {
      const answer = answers[Math.min(deps.probes++, answers.length - 1)]!;
      now += 5_000;
      return Promise.resolve(answer);
    },
    now: () => now,
    pause: (milliseconds: number) => Promise.resolve((now += milliseconds)),
    tell: (text: string) => void deps.told.push(text),
  };
  return deps;
}

const mute: ProbeResult = {
  state: "unreachable",
  reason: "TCP is open but the server says nothing within 5 s",
};

describe("waiting for SSH", () => {
  it("ends once the machine shows its key", async () => {
    await waitForSsh(target, clock([mute, { state: "ready", hostKey: "ssh-ed25519 GOOD" }]));
  });

  it("ends at once with the reason when the machine shows another key", async () => {
    const deps = clock([{ state: "ready", hostKey: "ssh-ed25519 EVIL" }]);
    await assert.rejects(
      waitForSsh(target, deps),
      /proxmox-stone \(192\.168\.1\.21:22\) shows another SSH host key/,
    );
    assert.equal(deps.probes, 1);
  });

  it("is bounded and says what it waited for when the server accepts TCP and says nothing", async () => {
    const deps = clock([mute]);
    await assert.rejects(
      waitForSsh(target, deps),
      /did not answer within 60 s: TCP is open but the server says nothing/,
    );
    assert.ok(deps.told.length >= 2 && deps.told.length <= 4, deps.told.join("\n"));
    assert.match(deps.told[0] ?? "", /waiting for SSH of proxmox-stone/);
  });
});

describe("host key probe", () => {
  let server: Server;
  const sockets = new Set<Socket>();
  const listen = (behave: (socket: Socket) => void) =>
    new Promise<number>((resolve) => {
      server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        behave(socket);
      }).listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("gives up on a server that accepts and says nothing", async () => {
    const port = await listen(() => undefined);
    const result = await probeHostKey("127.0.0.1", port, 200);
    assert.deepEqual(result, {
      state: "unreachable",
      reason: "TCP is open but the server says nothing within 0.2 s",
    });
  });

  it("gives up on a server that stops after its banner", async () => {
    const port = await listen((socket) => socket.write("SSH-2.0-Half\r\n"));
    const result = await probeHostKey("127.0.0.1", port, 200);
    assert.match(
      result.state === "unreachable" ? result.reason : "",
      /SSH-2\.0-Half does not begin the key exchange/,
    );
  });

  it("says that another protocol is spoken", async () => {
    const port = await listen((socket) => socket.write(`SSH-2.0-Odd\r\n${"x".repeat(64)}`));
    const result = await probeHostKey("127.0.0.1", port, 1000);
    assert.match(result.state === "unreachable" ? result.reason : "", /does not speak SSH/);
  });

  it("says that nobody listens", async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    const result = await probeHostKey("127.0.0.1", port, 1000);
    assert.match(result.state === "unreachable" ? result.reason : "", /ECONNREFUSED/);
  });

  it("pads packets to eight bytes with at least four of padding (RFC 4253 section 6)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        const bytes = packet(Buffer.from(payload));
        assert.equal(bytes.length % 8, 0);
        assert.ok(bytes.readUInt8(4) >= 4);
        assert.equal(bytes.readUInt32BE(0), bytes.length - 4);
      }),
    );
  });
});

describe("remote scripts", () => {
  it("quote any values as one shell word each", () => {
    const text = fc
      .string({ unit: "binary" })
      .filter((value) => !value.includes("\0") && value.isWellFormed());
    const values = [...fc.sample(text, 200), "it's", "$HOME `id` \\", "a\nb"];
    const script = `printf '%s\\0' ${values.map(quote).join(" ")}`;
    const shown = execFileSync("bash", ["-s"], { input: script, encoding: "utf8" });
    assert.deepEqual(shown.split("\0").slice(0, -1), values);
  });

  it("travel with their parameters on standard input", () => {
    const input = scriptInput('main() { printf "%s" "$GREETING"; cat; }\nmain </dev/null\n', {
      GREETING: "it's\nme",
    });
    assert.equal(execFileSync("bash", ["-s"], { input, encoding: "utf8" }), "it's\nme");
    assert.throws(() => scriptInput("", { "a b": "" }), /no name for a script parameter/);
  });

  it("ask less often the longer they wait", () => {
    const functions = stepScript.slice(stepScript.indexOf("wait_until()"));
    const world = "looks=0; sleep() { echo $1; }; there() { ((++looks > 60)); }";
    const input = `${functions.slice(0, functions.indexOf("\n}\n") + 3)}${world}; wait_until 300 there`;
    const pauses = execFileSync("bash", ["-s"], { input, encoding: "utf8" }).trim().split("\n");
    const within = (seconds: number): number => {
      let elapsed = 0;
      return pauses.filter((pause) => (elapsed += Number(pause)) <= seconds).length;
    };
    assert.equal(pauses[0], "0.200");
    assert.deepEqual([5, 20, 60].map(within), [8, 16, 36]);
    assert.ok(pauses.every((pause) => Number(pause) <= 2));
  });

  it("run under a command that names the step, ends in time and holds nothing else: failures print it in full", () => {
    const text = commandText({
      title: "prepare",
      limitSeconds: 60,
      machine: { name: "proxmox-stone" },
    });
    assert.equal(text, "exec timeout --kill-after=15 60 bash -s # prepare proxmox-stone");
  });
});
