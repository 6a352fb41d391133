/** What the journal calls a topic as a source: its positions are those of the group in the topic. */

export function sourceName(groupId: string, topic: string): string {
  return `kafka:${groupId}:${topic}`;
}

/** Null for a source of another kind. A topic has no colon in its name, and a group may have some. */
export function topicOfSource(name: string): string | null {
  return name.startsWith('kafka:') ? name.slice(name.lastIndexOf(':') + 1) : null;
}
