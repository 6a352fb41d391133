/** What is said of packed data that come to more than is read. */
import { Damage } from './avro-cursor.ts';

export function tooLong(bytesMax: number): Damage {
  return new Damage(`unpacks to more than the ${bytesMax} bytes that are read of it`, 'too-large');
}
