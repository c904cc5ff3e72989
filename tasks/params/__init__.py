"""What each stage can be told: one file and one section of params.yaml per stage.

A stage reads its own section and `base`, so its dvc.yaml entry names just those two.
"""
