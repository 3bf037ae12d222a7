import { output, type Input, type Output, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText, stepScript } from "../remote/shell.ts";
import type { AccessPlan } from "./access-rules.ts";
import { cloudflareUrl } from "./cloudflare-api.ts";

/** What the step runs on a machine. */
export const endSessionsScript = stepScript + scriptText(import.meta.url, "end-sessions.sh");

/** A public name with Access in front. */
export interface GuardedName {
  readonly hostname: string;
  /** Of its Access application. */
  readonly application: Output<string>;
  /** Names of its policies. */
  readonly policies: readonly string[];
}

export interface SessionsArgs {
  readonly accountId: string;
  /** Secret. */
  readonly apiToken: Input<string>;
  readonly names: readonly GuardedName[];
  /** Access policies by name: sessions end when these change, and when a name has others. */
  readonly access: Readonly<Record<string, AccessPlan>>;
  /** A machine that asks the API. */
  readonly machine: ReachedMachine;
  /** What must be in force before, such as the policies. */
  readonly after: readonly Resource[];
}

/**
 * Ends the sessions at public names whenever who may pass has changed. By itself Access asks nobody again before a session
 * is over, and a person who was taken out would pass until then.
 * @see https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/
 */
export function endSessions(name: string, args: SessionsArgs, parent?: Resource): Resource {
  const { accountId, apiToken, names, access, machine, after } = args;
  return new RemoteStep(
    `${name}-sessions`,
    {
      machine,
      title: "access-sessions",
      script: endSessionsScript,
      parameters: {
        API: cloudflareUrl(),
        ACCOUNT: accountId,
        TOKEN: apiToken,
        APPLICATIONS: lines(names),
        // Not read: other people end the sessions that there are.
        PEOPLE: JSON.stringify([
          access,
          names.map(({ hostname, policies }) => [hostname, policies]),
        ]),
      },
      limitSeconds: 600,
      after,
    },
    parent === undefined ? {} : { parent },
  ).done;
}

function lines(names: readonly GuardedName[]): Output<string> {
  const all = names.map(({ hostname, application }) => ({ hostname, application }));
  return output(all).apply((known) =>
    known.map(({ hostname, application }) => `${application} ${hostname}`).join("\n"),
  );
}
