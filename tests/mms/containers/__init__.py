"""The serving code of AWS's XGBoost and scikit-learn containers, run without their images.

It is not on PyPI: AWS_CONTAINERS names a folder with checkouts of its two repositories, made for instance by

    git clone https://github.com/aws/sagemaker-xgboost-container
    git clone https://github.com/aws/sagemaker-scikit-learn-container

What the tests say was seen at cb8df91 (June 2026) of the one and eae7b6b of the other. What both import is
pinned in requirements.txt: of the versions of the images, as far as a Python of ours installs them.
"""
