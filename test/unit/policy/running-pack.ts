import { credentials, type Client, type ServiceError } from "@grpc/grpc-js";
import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../policy", import.meta.url));
const runner = fileURLToPath(
  new URL("../../../node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js", import.meta.url),
);

/** How the engine's protocol writes a secret and a text that is not yet known. */
export const secret = (value: unknown): object => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});
export const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

interface Request {
  setType(type: string): void;
  setName(name: string): void;
  setUrn(urn: string): void;
  setProperties(properties: unknown): void;
  setOptions(options: unknown): void;
  setResourcesList(resources: unknown[]): void;
}

interface Answer {
  getDiagnosticsList(): { getMessage(): string; getEnforcementlevel(): number }[];
}

const { AnalyzerClient } = analyzer as unknown as {
  readonly AnalyzerClient: new (address: string, credentials: unknown) => Client;
};
const proto = messages as unknown as Readonly<Record<string, new () => Request>>;

/** The pack as the engine runs it: a process of its own that speaks the analyzer protocol. */
export class RunningPack {
  readonly #process: ChildProcess;
  readonly #client: Client;

  private constructor(process: ChildProcess, client: Client) {
    this.#process = process;
    this.#client = client;
  }

  static async start(): Promise<RunningPack> {
    const pack = spawn(process.execPath, [runner, "127.0.0.1:1", folder], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = (await once(createInterface(pack.stdout), "line")) as [string];
    const client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
    return new RunningPack(pack, client);
  }

  /** What the pack says of a resource, as the engine asks it: remediations first. */
  async judge(type: string, properties: object): Promise<readonly string[]> {
    const request = this.#request("AnalyzeRequest", type, properties);
    await this.#call("remediate", request);
    return texts(await this.#call("analyze", request));
  }

  /** What the pack says of a whole stack. */
  async judgeStack(resources: Readonly<Record<string, object>>): Promise<readonly string[]> {
    const request = new proto["AnalyzeStackRequest"]!();
    request.setResourcesList(
      Object.entries(resources).map(([type, properties]) =>
        this.#request("AnalyzerResource", type, properties),
      ),
    );
    return texts(await this.#call("analyzeStack", request));
  }

  async stop(): Promise<void> {
    this.#client.close();
    this.#process.kill("SIGINT");
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, "exit");
  }

  #request(message: string, type: string, properties: object): Request {
    const request = new proto[message]!();
    request.setType(type);
    request.setName("sample");
    request.setUrn(`urn:pulumi:home::homelab::${type}::sample`);
    request.setProperties(struct.Struct.fromJavaScript(properties as never));
    request.setOptions(new proto["AnalyzerResourceOptions"]!());
    return request;
  }

  #call(method: string, request: Request): Promise<Answer> {
    const client = this.#client as unknown as Readonly<
      Record<
        string,
        (request: Request, done: (error: ServiceError | null, answer: Answer) => void) => void
      >
    >;
    return new Promise((resolve, reject) => {
      client[method]!(request, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  }
}

const mandatory = 1;

/** Without the rule's description, which the SDK puts in a line of its own before it. */
function finding(diagnostic: { getMessage(): string }): string {
  return diagnostic.getMessage().split("\n").slice(1).join("\n");
}

function texts(answer: Answer): readonly string[] {
  return answer
    .getDiagnosticsList()
    .map((one) => `${one.getEnforcementlevel() === mandatory ? "" : "advice: "}${finding(one)}`);
}
