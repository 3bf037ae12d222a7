/** What a Kafka cluster is made of, as its component is told. All plain: names and numbers shape the graph. */

/** Nodes of one role. */
export interface PoolPlan {
  readonly replicas: number;
  /** StorageClass of their volumes; the cluster's default where none is named. */
  readonly class?: string;
  readonly sizeGiB: number;
  readonly memoryMiB: number;
}

export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Who logs in, and what it may do with which topics. `*` at the end of a name stands for all that begin so. */
export interface UserPlan {
  readonly name: string;
  readonly by: "password" | "certificate";
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** How clients outside of the cluster reach it: by a gateway that passes TLS through. */
export interface OutsidePlan {
  /** Name where clients begin: `kafka.home.arpa`. Brokers are `kafka-0.home.arpa` and so on. */
  readonly hostname: string;
  /** Gateway and its listener. */
  readonly gateway: {
    readonly namespace: string;
    readonly name: string;
    readonly listener: string;
  };
  /** Port of the listener. */
  readonly port: number;
}

export interface ClusterPlan {
  readonly name: string;
  /** Release of Kafka: `4.3.1`. */
  readonly version: string;
  readonly controllers: PoolPlan;
  readonly brokers: PoolPlan;
  readonly topics: readonly TopicPlan[];
  readonly users: readonly UserPlan[];
  readonly outside?: OutsidePlan;
  /** Whether Cruise Control moves partitions when brokers come and go. */
  readonly balances: boolean;
  /** Whether it tells metrics. */
  readonly metrics: boolean;
}
