"""GANatomy: train a GAN, take it apart, and say how far each explanation can be trusted.

The library takes and returns tensors. It never imports an orchestrator, a tracker or a
configuration file; `tasks/` feeds it from artifacts and `flows/` decides when.
Packages have no re-exports on purpose: a stage depends on the files that it imports, and a
package face that imported everything would make every stage depend on everything.
"""

__version__ = "0.1.0"
