"""What is installed around the function: package metadata, the activation policy and install.yaml, made from the code.

The kinds that the composers compose stand in one table. From it come the dependencies of the
Configuration, the managed resources that are activated, and what Crossplane is allowed to do.
"""
