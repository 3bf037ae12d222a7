import { createHash } from "node:crypto";
import { json } from "../web/exchange.ts";
import { ApiError } from "./api-error.ts";
import { defaultPolicy } from "./default-policy.ts";
import { formatHujson } from "./hujson-format.ts";
import { readHujson, readPolicy } from "./policy-document.ts";
import { firstIssue, testsForm, type PolicyTest } from "./policy-form.ts";
import { requirePolicyTests, runPolicyTests } from "./policy-tests.ts";
import { Reply, type ApiCall, type ApiRoute } from "./route.ts";
import type { Tailnet } from "./tailnet.ts";

/** The policy file: `/tailnet/:tailnet/acl` (https://tailscale.com/api#tag/policyfile). */
export function policyRoutes(tailnet: Tailnet): ApiRoute[] {
  const url = "/tailnet/:tailnet/acl";
  return [
    {
      method: "GET",
      url,
      scope: "policy_file:read",
      handle: (call) => answer(tailnet.store.state.policy, call),
    },
    { method: "POST", url, scope: "policy_file", handle: (call) => replace(tailnet, call) },
    {
      method: "POST",
      url: `${url}/validate`,
      scope: "policy_file:read",
      handle: (call) => validate(tailnet, call),
    },
  ];
}

/** Tag of a policy text: its SHA-256, or `ts-default` for the policy that nobody edited. */
function etagOf(policy: string): string {
  return policy === defaultPolicy ? "ts-default" : sha256(policy);
}

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

function answer(policy: string, { headers, query }: ApiCall): Reply {
  if (query.has("details")) throw new ApiError(501, "the lab does not support acl?details");
  const etag = { etag: `"${etagOf(policy)}"` };
  // The text itself for who asks for it, and for who asks for nothing.
  return headers.accept?.includes("application/json") === true
    ? new Reply(json(readHujson(policy), { headers: etag }))
    : new Reply({ headers: { ...etag, "content-type": "application/hujson" }, body: policy });
}

function replace(tailnet: Tailnet, call: ApiCall): Reply {
  const { policy: present } = tailnet.store.state;
  requireUnchanged(call.headers["if-match"], present);
  const text = call.body.toString("utf8");
  const posted = text.trim() === "" ? defaultPolicy : text;
  requirePolicyTests(readPolicy(posted), tailnet);
  const next = formatHujson(posted);
  tailnet.store.change((state) => {
    state.policy = next;
  });
  return answer(next, call);
}

/** The tags may come in quotes or without; the default policy is also known by its hash. */
function requireUnchanged(ifMatch: string | undefined, present: string): void {
  if (ifMatch === undefined || ifMatch.trim() === "*") return;
  const given = ifMatch.split(",").map((tag) => tag.trim().replace(/^"(.*)"$/, "$1"));
  if (!given.includes(etagOf(present)) && !given.includes(sha256(present)))
    throw new ApiError(412, "precondition failed, invalid old hash");
}

/**
 * An invalid policy is a finding, not a failed call: the answer's status is 200 either way. A list
 * is taken as tests for the policy in force.
 */
function validate(tailnet: Tailnet, { body }: ApiCall): unknown {
  try {
    const text = body.toString("utf8");
    const value = readHujson(text);
    const policy = Array.isArray(value) ? tailnet.policy() : readPolicy(text);
    const tests = Array.isArray(value) ? readTests(value) : policy.tests;
    const data = runPolicyTests(policy, tailnet, tests);
    return data.length === 0 ? {} : { message: "test(s) failed", data };
  } catch (error) {
    if (error instanceof ApiError && error.status === 400) return error.body();
    throw error;
  }
}

function readTests(value: unknown): PolicyTest[] {
  const read = testsForm.safeParse(value);
  if (read.success) return read.data;
  throw new ApiError(400, `tests${firstIssue(read.error)}`);
}
