/**
 * What a container asks of its node, and the most memory that it may take, in Kubernetes' units. Processors have no limit: one
 * that waits for its turn is slow where another core is idle.
 */
export function resources(cpu: string, memory: string, limit: string) {
  return { requests: { cpu, memory }, limits: { memory: limit } };
}
