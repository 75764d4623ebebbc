"""HDF5 files, read without the library: groups, links, attributes, and where datasets keep their bytes.

The format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""
