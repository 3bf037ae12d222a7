import { ApiError } from "./api-error.ts";
import { isSingle } from "./ip-network.ts";
import { allows, withDevices, type Directory, type Subject } from "./policy-access.ts";
import { splitPort, type Policy } from "./policy-document.ts";
import type { PolicyTest } from "./policy-form.ts";
import { allowedAt, readSelector, type Allowed } from "./selector.ts";
import { readProtocols } from "./traffic.ts";

/** A test that did not hold, in the API's form. */
export interface FailedTest {
  /** The test's `src`. */
  readonly user: string;
  /** `address "tag:web:22": want: Accept, got: Drop`. */
  readonly errors: readonly string[];
}

/**
 * Runs tests against a policy (https://tailscale.com/kb/1337/policy-syntax#tests). A test without
 * `proto` asks whether TCP or UDP passes. A group stands for its members: `accept` needs all of
 * them to pass, `deny` none, and none of the devices that a user or tag has.
 * @returns those that fail; an empty list when all hold.
 * @throws ApiError 400 when a test is malformed or names what the policy lacks.
 */
export function runPolicyTests(
  policy: Policy,
  directory: Directory,
  tests: readonly PolicyTest[] = policy.tests,
): FailedTest[] {
  return tests.flatMap((test, index) => {
    const errors = errorsOf(test, `tests[${index}]`, policy, directory);
    return errors.length === 0 ? [] : [{ user: test.src, errors }];
  });
}

/** @throws ApiError 400 `test(s) failed`, with the failed tests as data. */
export function requirePolicyTests(policy: Policy, directory: Directory): void {
  const failed = runPolicyTests(policy, directory);
  if (failed.length > 0) throw new ApiError(400, "test(s) failed", failed);
}

function errorsOf(test: PolicyTest, at: string, policy: Policy, directory: Directory): string[] {
  if (test.accept.length + test.deny.length === 0)
    throw new ApiError(400, `${at}: has neither accept nor deny, so it tests nothing`);
  const sources = subjects(test.src, `${at}.src`, allowedAt.testSource, policy);
  const protocols = test.proto === "" ? [6, 17] : readProtocols(test.proto, `${at}.proto`);
  const everyone = sources.flatMap((source) => withDevices(source, directory));
  const outcomes = (address: string, place: string, each: boolean): boolean[] => {
    const { host, port } = splitPort(address, place);
    if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65535)
      throw new ApiError(400, `${place}: a test needs one port, not "${port}"`);
    const targets = subjects(host, place, allowedAt.testDestination, policy);
    const all = each ? targets.flatMap((target) => withDevices(target, directory)) : targets;
    return (each ? everyone : sources).flatMap((from) =>
      all.map((to) =>
        protocols.some((protocol) =>
          allows(policy, directory, { from, to, protocol, port: Number(port) }),
        ),
      ),
    );
  };
  const refused = test.accept.filter((address, item) => {
    const passed = outcomes(address, `${at}.accept[${item}]`, false);
    return passed.length === 0 || passed.includes(false);
  });
  const passed = test.deny.filter((address, item) =>
    outcomes(address, `${at}.deny[${item}]`, true).includes(true),
  );
  return [
    ...refused.map((address) => `address "${address}": want: Accept, got: Drop`),
    ...passed.map((address) => `address "${address}": want: Drop, got: Accept`),
  ];
}

function subjects(text: string, place: string, allowed: Allowed, policy: Policy): Subject[] {
  const selector = readSelector(text, place, allowed, policy.form);
  switch (selector.kind) {
    case "network":
      if (!isSingle(selector.network))
        throw new ApiError(400, `${place}: a test needs one address, not the prefix "${text}"`);
      return [selector];
    case "user":
    case "tag":
      return [selector];
    case "group":
      return selector.members.map((email) => ({ kind: "user", email }));
    case "any":
    case "domain":
    case "autogroup":
    case "ipset":
      throw new ApiError(400, `${place}: "${text}" is not allowed here`);
  }
}
