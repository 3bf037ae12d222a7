/** What the controller says of an object, in its conditions. */

/** @see https://gateway-api.sigs.k8s.io/guides/implementers/#standard-status-fields-and-conditions */
export interface Condition {
  readonly type: string;
  readonly status: string;
  /** Generation of the object that was judged. */
  readonly observedGeneration?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** What of the wanted does not hold, in the controller's words; what was judged before the last change holds no more. */
export function unmet(
  conditions: readonly Condition[] | undefined,
  wanted: readonly string[],
  generation: number | undefined,
): readonly string[] {
  return wanted.flatMap((type) => {
    const found = conditions?.find((condition) => condition.type === type);
    if (found === undefined) {
      return [`nobody has said whether it is ${type}; does its controller run?`];
    }
    const { status, observedGeneration, reason = "", message = "" } = found;
    if (status !== "True") return [`${type} is ${status}, ${reason}: ${message}`];
    if (observedGeneration === generation) return [];
    return [`${type} was said before its last change, which the controller has not judged yet`];
  });
}
