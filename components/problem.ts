/** Something that a person must change before anything is deployed. It holds no secret. */
export interface Problem {
  /** Where in the config: `homelab:machines[1].vmId`. */
  readonly path: string;
  /** What is wrong, and what to do. */
  readonly text: string;
}

/** Problems of what stands at `path`, whose own paths begin there. */
export function problemsAt(path: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
}
