/** Runs the system's programs (ip, bird, birdc, ssh-keygen) and gives their answers. */
import { spawn } from "node:child_process";

export interface CommandResult {
  /** Exit code; 128 plus the signal's number is not used: a signal is an error. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end. Throws when it cannot be started or is killed; an exit code is an answer. */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: "pipe" });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.on("error", (error) => {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      reject(new Error(missing ? `${command}: not installed` : `${command}: ${error.message}`));
    });
    // A program may end without reading its input; its exit code then says what matters.
    child.stdin.on("error", () => undefined);
    child.on("close", (code, signal) => {
      if (code === null) reject(new Error(`${command}: killed by ${String(signal)}`));
      else
        resolve({
          code,
          stdout: Buffer.concat(stdout).toString("utf8"),
          stderr: Buffer.concat(stderr).toString("utf8"),
        });
    });
  });
  child.stdin.end(options.input ?? "");
  return ended;
}

/** Like `run`, but any exit code except 0 throws with what the program said. Returns its standard output. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    const said = (result.stderr || result.stdout).trim();
    throw new Error(`${command} ${args.join(" ")}: exit code ${result.code}: ${said}`);
  }
  return result.stdout;
}
