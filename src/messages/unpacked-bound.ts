/** The error of packed data that unpack to more than the bound. */
import { Damage } from './avro-cursor.ts';

export function tooLong(bytesMax: number): Damage {
  return new Damage(`unpacks to more than the ${bytesMax} bytes that are read of it`, 'too-large');
}
