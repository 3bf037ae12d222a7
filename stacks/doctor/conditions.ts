/** What its controller says of an object, in its conditions. */

/** @see https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties */
export interface Condition {
  readonly type: string;
  readonly status: string;
  /** Generation of the object that was judged. */
  readonly observedGeneration?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** The condition of a type, where somebody has set it. */
export function conditionOf(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Why an object is not what a condition says, in the controller's words, or else `silent`; undefined when it is. */
export function whyNot(
  conditions: readonly Condition[] | undefined,
  type: string,
  silent: string,
): string | undefined {
  const found = conditionOf(conditions, type);
  return found?.status === "True" ? undefined : (found?.message ?? silent);
}

/** What of the wanted does not hold, in the controller's words; what was judged before the last change holds no more. */
export function unmet(
  conditions: readonly Condition[] | undefined,
  wanted: readonly string[],
  generation: number | undefined,
): readonly string[] {
  return wanted.flatMap((type) => {
    const found = conditionOf(conditions, type);
    if (found === undefined) {
      return [`nobody has said whether it is ${type}; does its controller run?`];
    }
    const { status, observedGeneration, reason = "", message = "" } = found;
    if (status !== "True") return [`${type} is ${status}, ${reason}: ${message}`];
    if (observedGeneration === generation) return [];
    return [`${type} was said before its last change, which the controller has not judged yet`];
  });
}
