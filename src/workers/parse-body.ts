/** Parses a request body in a thread, so that the event loop answers meanwhile. */
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { memoryOf } from '../messages/origins.ts';
import { type BodyParser, createBodyParser } from './body-parser.ts';
import { giveWay } from './give-way.ts';
import type { ParseBodyTask, ParsedBody } from './parse-body-protocol.ts';

giveWay();

// Only the message of a JSON error is used; its stack would cost as much as the parsing.
Error.stackTraceLimit = 0;

/** A pool belongs to one service, so a stream's shape never changes. */
const parsers = new Map<string, BodyParser>();

export default function parseBody({ shape, body }: ParseBodyTask): unknown {
  let parser = parsers.get(shape.stream);
  if (parser === undefined) {
    parser = createBodyParser(shape);
    parsers.set(shape.stream, parser);
  }
  return moved(parser.parse(body));
}

/** The blocks move to the other thread instead of being copied. */
function moved(parsed: ParsedBody): unknown {
  const blocks = parsed.kind === 'parsed' ? parsed.partitions.flatMap((partition) => partition.blocks) : [];
  const memory = blocks.flatMap(memoryOf);
  return move({ [transferableSymbol]: memory, [valueSymbol]: parsed });
}
