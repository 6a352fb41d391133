import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;

/**
 * What bench/peers/kafka-streams.ts measures beside Millrace: count, sum and max a customer and minute, and the count of each
 * session of 30 s, of transactions in Avro, exactly_once_v2, with stores in RocksDB. Results go to two topics as text:
 * key/start/end in the key, count, sum and max in the value, once a window is closed.
 *
 * Arguments: brokers, topic of transactions, topic of windows, topic of sessions, application id, threads, state directory. It
 * ends when its standard input does, and says on each line that it reads there how many records it has taken.
 */
public final class StreamsPeer {
  /** A datum of Transaction: five longs, zigzag and seven bits a byte. */
  record Payment(long customerId, long amountCents, long occurredAt) {}

  static Payment decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    readLong(in);
    long customerId = readLong(in);
    readLong(in);
    long amountCents = readLong(in);
    return new Payment(customerId, amountCents, readLong(in));
  }

  static long readLong(ByteBuffer in) {
    long value = 0;
    int shift = 0;
    byte next;
    do {
      next = in.get();
      value |= (long) (next & 0x7f) << shift;
      shift += 7;
    } while (next < 0);
    return (value >>> 1) ^ -(value & 1);
  }

  /** Count, sum and max as 24 bytes. */
  static byte[] add(byte[] before, byte[] datum) {
    long amountCents = decode(datum).amountCents();
    ByteBuffer old = ByteBuffer.wrap(before);
    return ByteBuffer.allocate(24)
        .putLong(old.getLong() + 1)
        .putLong(old.getLong() + amountCents)
        .putLong(Math.max(old.getLong(), amountCents))
        .array();
  }

  static String text(byte[] summary) {
    ByteBuffer in = ByteBuffer.wrap(summary);
    return in.getLong() + "/" + in.getLong() + "/" + in.getLong();
  }

  public static void main(String[] words) throws Exception {
    String brokers = words[0], topic = words[1], windowsTopic = words[2], sessionsTopic = words[3], id = words[4];
    AtomicLong records = new AtomicLong();
    TimestampExtractor eventTime =
        (record, before) -> {
          records.incrementAndGet();
          return decode((byte[]) record.value()).occurredAt();
        };
    Duration late = Duration.ofSeconds(5);
    // Without it, sessions of a stream that runs through its past at full speed are gone before they are looked for.
    Duration kept = Duration.ofHours(3);
    StreamsBuilder builder = new StreamsBuilder();
    KStream<byte[], byte[]> payments =
        builder.stream(topic, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()).withTimestampExtractor(eventTime));
    var grouped =
        payments.groupByKey(Grouped.with(Serdes.ByteArray(), Serdes.ByteArray()));
    grouped
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), late))
        .aggregate(
            () -> ByteBuffer.allocate(24).putLong(0).putLong(0).putLong(Long.MIN_VALUE).array(),
            (key, datum, summary) -> add(summary, datum),
            Materialized.<byte[], byte[], org.apache.kafka.streams.state.WindowStore<org.apache.kafka.common.utils.Bytes, byte[]>>as("per-minute")
                .withKeySerde(Serdes.ByteArray())
                .withValueSerde(Serdes.ByteArray())
                .withRetention(kept))
        .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()))
        .toStream()
        .map((at, summary) -> KeyValue.pair(new String(at.key()) + "/" + at.window().start() + "/" + at.window().end(), text(summary)))
        .to(windowsTopic, Produced.with(Serdes.String(), Serdes.String()));
    grouped
        .windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofSeconds(30), late))
        .count(
            Materialized.<byte[], Long, org.apache.kafka.streams.state.SessionStore<org.apache.kafka.common.utils.Bytes, byte[]>>as("visits")
                .withKeySerde(Serdes.ByteArray())
                .withRetention(kept))
        .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()))
        .toStream()
        .filter((at, count) -> count != null)
        .map((at, count) -> KeyValue.pair(new String(at.key()) + "/" + at.window().start() + "/" + at.window().end(), Long.toString(count)))
        .to(sessionsTopic, Produced.with(Serdes.String(), Serdes.String()));

    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, id);
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, words[5]);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, words[6]);
    properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    KafkaStreams streams = new KafkaStreams(builder.build(), properties);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          System.exit(1);
          return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.start();
    while (System.in.read() >= 0) {
      System.out.println("records " + records.get());
      System.out.flush();
    }
    streams.close(Duration.ofSeconds(30));
    System.exit(0);
  }
}
