"""Rules over concepts that can be measured in an image: when D says fake, what G cannot make."""
