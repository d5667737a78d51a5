import { cast, type GraphPart } from './classifier-parts.js';
import type { GraphNode, TensorConstant } from './graph.js';

/** A graph that grows by one node or constant at a time; every method answers the name of what it added. */
export class GraphDraft {
  readonly part: GraphPart = { nodes: [], constants: [] };

  /** An operator of ai.onnx with one output. */
  node(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: NonNullable<GraphNode['attributes']> = {},
  ): string {
    return this.add({ op, inputs, outputs: [output], attributes });
  }

  /** To a `TensorProto.DataType`. */
  cast(from: string, to: string, type: number): string {
    return this.add(cast(from, to, type));
  }

  add(node: GraphNode): string {
    this.part.nodes.push(node);
    return node.outputs[0] ?? '';
  }

  /** A constant is written once, however often its name is asked for. */
  doubles(name: string, dims: readonly number[], values: ArrayLike<number>): string {
    return this.constant({ name, type: 'double', dims, values });
  }

  integers(name: string, values: readonly number[]): string {
    return this.constant({ name, type: 'int64', dims: [values.length], values });
  }

  texts(name: string, dims: readonly number[], values: readonly string[]): string {
    return this.constant({ name, type: 'string', dims, values });
  }

  private constant(constant: TensorConstant): string {
    if (!this.part.constants.some(({ name }) => name === constant.name))
      this.part.constants.push(constant);
    return constant.name;
  }
}
