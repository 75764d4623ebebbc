"""What PyTorch keeps in zip archives: states, modules in TorchScript, exported programs, packages.

How its reader goes about it: https://github.com/pytorch/pytorch/blob/v2.9.0/caffe2/serialize/inline_container.cc
"""
